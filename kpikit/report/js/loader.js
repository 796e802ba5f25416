// Draw a chart live over its picture when it comes into view. Whatever fails, the picture stays.
(() => {
  "use strict";
  const bundle = document.getElementById("kpikit-bundle");
  const settings = document.getElementById("kpikit-locale");
  if (!bundle || !settings || !window.IntersectionObserver) return;
  const waiting = new Map();
  let chart;
  const ready = () => {
    if (chart === undefined) {
      const script = document.createElement("script");
      script.textContent = bundle.textContent;
      document.head.append(script);
      chart = window.kpikitChart || null;
    }
    return chart;
  };
  const draw = async (place) => {
    const spec = waiting.get(place);
    waiting.delete(place);
    const picture = place.querySelector("svg");
    if (!spec || !picture || !ready()) return;
    const live = document.createElement("div");
    live.className = "live";
    place.append(live);
    try {
      await chart(live, JSON.parse(spec), JSON.parse(settings.textContent));
      live.removeAttribute("aria-roledescription");
      live.setAttribute("role", "img");
      live.setAttribute("aria-label", picture.getAttribute("aria-label"));
      for (const inside of live.children) inside.setAttribute("aria-hidden", "true");
      place.classList.add("drawn");
    } catch {
      live.remove();
    }
  };
  const idle = window.requestIdleCallback || ((then) => setTimeout(then, 50));
  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      idle(() => draw(target));
    }
  }, { rootMargin: "200px" });
  for (const spec of document.querySelectorAll("script[data-chart]")) {
    const page = document.getElementById(spec.dataset.chart);
    const place = page && page.querySelector("figure ." + spec.dataset.width);
    if (!place) continue;
    waiting.set(place, spec.textContent);
    seen.observe(place);
  }
})();
