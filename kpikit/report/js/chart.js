// Bundled with Vega, Vega-Lite and Vega-Embed: one chart, without eval, without network, with a line of words at the pointer.
const refuse = () => Promise.reject(new Error("nothing is loaded"));
const loader = { load: refuse, sanitize: refuse, http: refuse, file: refuse };
const tip = document.createElement("div");
tip.className = "tip";
tip.hidden = true;
document.body.append(tip);
document.addEventListener("keydown", (event) => { if (event.key === "Escape") tip.hidden = true; });
const tooltip = (handler, event, item, text) => {
  tip.hidden = !text;
  if (!text) return;
  tip.textContent = String(text);
  const room = document.documentElement.clientWidth - tip.offsetWidth - 8;
  tip.style.left = Math.max(8, Math.min(event.clientX + 14, room)) + "px";
  const above = event.clientY - tip.offsetHeight - 12;
  tip.style.top = (above > 4 ? above : event.clientY + 18) + "px";
};
window.kpikitChart = (place, spec, locale) => vegaEmbed(place, spec, {
  mode: "vega-lite", renderer: "svg", actions: false, ast: true, defaultStyle: false, loader, tooltip,
  formatLocale: locale.numbers, timeFormatLocale: locale.times,
});
