// The panel on the screen. Python decides what is shown (a tree of plain nodes) and what happens; this file only draws
// the tree, keeps what somebody is typing, and sends back what was clicked, chosen or written. All text is set as text.

const HTML = new Set(
  ("article aside b blockquote button dd details div dl dt em fieldset figure footer form h1 h2 h3 header input " +
    "label legend li main nav ol option p picture section select small span strong summary table tbody td textarea th " +
    "thead time tr ul").split(" "));
const SVG = new Set(
  "svg g path line rect circle ellipse polygon polyline text tspan title desc defs clipPath".split(" "));
const ATTRIBUTES = new Set(
  ("class id key for type name value placeholder title role tabindex disabled checked selected open hidden lang rows " +
    "required maxlength min max step list scope colspan datetime do on keys entry focus viewBox width height x y x1 y1 x2 " +
    "y2 cx cy r rx ry d points transform fill fill-opacity stroke stroke-width stroke-opacity stroke-dasharray " +
    "stroke-linecap stroke-linejoin stroke-miterlimit opacity font-size font-weight font-style font-family " +
    "text-anchor dominant-baseline dx dy clip-path preserveAspectRatio style pointer-events").split(" "));
const NAMESPACE = "http://www.w3.org/2000/svg";
/** What this file remembers on elements, and Python's tree knows nothing of. */
const OWN = new Set(["data-dirty", "data-id", "data-sent", "data-state", "data-heard", "data-silent", "data-copied",
  "data-moved", "style"]);

// ---- drawing ---------------------------------------------------------------------------------------------------------

function allowed(name, value) {
  if (/url\s*\((?!["']?#)/i.test(value)) return false;
  return ATTRIBUTES.has(name) || name.startsWith("aria-") || name.startsWith("data-");
}

/** An element for a node: ["tag", {attributes}, [children]], or a text. */
export function element(node) {
  if (!Array.isArray(node)) return document.createTextNode(String(node));
  const [tag, attributes, children] = node;
  if (tag === "svgtext") return picture(attributes.svg);
  if (!HTML.has(tag) && !SVG.has(tag)) return document.createTextNode("");
  const made = SVG.has(tag) ? document.createElementNS(NAMESPACE, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    if (allowed(name, String(value))) made.setAttribute(name, String(value));
  for (const child of children) made.append(element(child));
  return made;
}

/** A picture that kpikit drew, as elements: known shapes and attributes only, whatever text stands in it. */
function picture(text) {
  const parsed = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  const copy = (from) => {
    if (from.nodeType === Node.TEXT_NODE) return document.createTextNode(from.data);
    if (from.nodeType !== Node.ELEMENT_NODE || !SVG.has(from.localName)) return null;
    const made = document.createElementNS(NAMESPACE, from.localName);
    for (const { name, value } of from.attributes) if (allowed(name, value)) made.setAttribute(name, value);
    for (const child of from.childNodes) {
      const inner = copy(child);
      if (inner) made.append(inner);
    }
    return made;
  };
  return copy(parsed) ?? document.createTextNode("");
}

const keyOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? node.getAttribute("key") : null);
const fits = (old, fresh) =>
  old && old.nodeType === fresh.nodeType && old.nodeName === fresh.nodeName && keyOf(old) === keyOf(fresh);

/** Make the old element like the fresh one, in place: what is focused, scrolled or being written stays. */
export function morph(old, fresh) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  for (const { name } of [...old.attributes])
    if (!fresh.hasAttribute(name) && name !== "open" && !OWN.has(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes)
    if (old.getAttribute(name) !== value && !(name === "open" && old.tagName === "DETAILS"))
      old.setAttribute(name, value);
  if (/^(INPUT|SELECT|TEXTAREA)$/.test(old.tagName) && !("dirty" in old.dataset)) {
    const value = old.tagName === "TEXTAREA" ? fresh.textContent : fresh.value;
    if (old.value !== value && (old !== document.activeElement || old.type !== "search")) old.value = value;
  }
  if (old.tagName === "TEXTAREA") return;
  const keyed = new Map([...old.childNodes].filter(keyOf).map((child) => [keyOf(child), child]));
  let next = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    const key = keyOf(child);
    const found = key ? keyed.get(key) : fits(next, child) ? next : null;
    if (found && fits(found, child)) {
      if (found === next) next = next.nextSibling;
      else old.insertBefore(found, next);
      morph(found, child);
    } else old.insertBefore(child, next);
  }
  while (next) {
    const gone = next;
    next = next.nextSibling;
    gone.remove();
  }
}

// ---- what people do --------------------------------------------------------------------------------------------------

/** The fields of a form by name. */
function written(form) {
  const values = {};
  for (const field of form.querySelectorAll("[name]"))
    values[field.name] = field.value;
  return values;
}

const uuid = () => crypto.randomUUID?.() ??
  "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (c) =>
    (c ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (c / 4)))).toString(16));

/** Send what stands in a form, once: a text that was not changed since is not sent again. */
function commit(form, send) {
  const fields = [...form.querySelectorAll("[name]")];
  const typed = fields.filter((field) => "dirty" in field.dataset && field.value.trim());
  if (!typed.length && !("always" in form.dataset)) return;
  if (fields.some((field) => field.required && !field.value.trim())) return;
  form.dataset.id ||= uuid();
  const now = JSON.stringify(written(form));
  if (form.dataset.sent === now) return;
  form.dataset.sent = now;
  form.dataset.state = "sent";
  send({ ...JSON.parse(form.getAttribute("do")), id: form.dataset.id, values: written(form) });
}

/** What became of the forms that were sent: saved ones are emptied, those that failed keep their text. */
function acknowledge(root, acks) {
  for (const form of root.querySelectorAll("form[data-id]")) {
    const ack = acks[form.dataset.id];
    if (!ack) continue;
    if (ack.saved) {
      const same = form.dataset.sent === JSON.stringify(written(form));
      delete form.dataset.id;
      delete form.dataset.sent;
      form.dataset.state = "saved";
      if (!same) continue;
      for (const field of form.querySelectorAll("[name]")) {
        delete field.dataset.dirty;
        if (field.dataset.keep) continue;
        field.value = field.defaultValue ?? "";
      }
      if (form.contains(document.activeElement)) form.querySelector("[data-first]")?.focus();
    } else if (ack.again !== form.dataset.heard) {
      form.dataset.heard = ack.again;
      form.dataset.state = "failed";
      delete form.dataset.sent;
    }
  }
}

function listen(root, send, signal) {
  const on = (type, act) => root.addEventListener(type, act, { signal });
  let waiting;
  on("click", (event) => {
    const chosen = event.target.closest("[do]");
    if (!chosen || chosen.tagName === "FORM" || !root.contains(chosen) || chosen.hasAttribute("on")) return;
    const said = JSON.parse(chosen.getAttribute("do"));
    if (said.do === "copy") copy(root, said.text);
    else if (said.do === "restart") restart(root, chosen);
    else send(said);
  });
  on("input", (event) => {
    const field = event.target;
    field.dataset.dirty = "";
    if (field.getAttribute("on") !== "input") return;
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      delete field.dataset.dirty;
      send({ ...JSON.parse(field.getAttribute("do")), value: field.value });
    }, 120);
  });
  on("change", (event) => {
    const field = event.target;
    if (field.getAttribute("on") !== "change") return;
    delete field.dataset.dirty;
    if (field.value || field.dataset.empty) send({ ...JSON.parse(field.getAttribute("do")), value: field.value });
  });
  on("submit", (event) => {
    event.preventDefault();
    commit(event.target, send);
  });
  on("focusout", (event) => {
    const form = event.target.closest("form");
    if (form && !("always" in form.dataset) && !form.contains(event.relatedTarget)) commit(form, send);
  });
  on("keydown", (event) => {
    event.stopPropagation();
    keys(root, event, send);
  });
  for (const type of ["keyup", "keypress", "dblclick", "contextmenu"]) on(type, (event) => event.stopPropagation());
}

// ---- keyboard --------------------------------------------------------------------------------------------------------

const isText = (field) => field.matches("textarea, select, input");

/** j, k and the arrows walk a list; Enter opens; / goes to the filter; figures choose what to write. */
function keys(root, event, send) {
  const at = event.target;
  if (at.tagName === "TEXTAREA" && event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    commit(at.closest("form"), send);
    return;
  }
  if (event.key === "Escape" && isText(at)) return root.querySelector("[focus=list] [tabindex='0']")?.focus();
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const list = at.closest("[focus=list]") ?? root.querySelector("[focus=list]");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key] ?? (isText(at) ? 0 : { j: 1, k: -1 }[event.key] ?? 0);
  if (step && list && (!isText(at) || at.getAttribute("on") === "input")) {
    const rows = [...list.querySelectorAll("[data-row]")];
    const here = rows.findIndex((row) => row.contains(document.activeElement));
    const start = here >= 0 ? here : rows.findIndex((row) => row.getAttribute("aria-selected") === "true");
    const row = rows[Math.max(0, Math.min(rows.length - 1, start + step))];
    event.preventDefault();
    row?.focus();
    row?.scrollIntoView({ block: "nearest" });
    return;
  }
  if ((event.key === "Enter" || event.key === " ") && at.hasAttribute("do") && !at.matches("button, summary, form") &&
      !isText(at)) {
    event.preventDefault();
    send(JSON.parse(at.getAttribute("do")));
    return;
  }
  if (isText(at)) return;
  const target = root.querySelector(`[keys~="${CSS.escape(event.key)}"]`);
  if (!target) return;
  event.preventDefault();
  if (isText(target)) target.focus();
  else target.click();
}

// ---- help ------------------------------------------------------------------------------------------------------------

async function copy(root, text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = document.createElement("textarea");
    field.value = text;
    root.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
  root.dataset.copied = "yes";
}

/** Run everything again, where JupyterLab lets a page ask for it. */
function restart(root, button) {
  const lab = window.jupyterapp;
  button.disabled = true;
  if (lab) lab.commands.execute("notebook:run-all-cells");
}

/** As high as the window that the notebook stands in, and scrolled to. */
function fit(root) {
  let watch;
  const later = [];
  const begin = () => {
    const outer = root.closest(".jp-WindowedPanel-outer") ?? root.closest(".jp-Notebook");
    if (!root.isConnected || !outer) {
      later.push(setTimeout(begin, 50));
      return;
    }
    const show = () => root.isConnected && root.scrollIntoView({ block: "start" });
    watch = new ResizeObserver(() => {
      root.style.setProperty("--height", `${Math.max(420, outer.clientHeight - 4)}px`);
      if (!root.dataset.moved) show();
    });
    watch.observe(outer);
    outer.addEventListener("wheel", () => (root.dataset.moved = "yes"), { once: true, passive: true });
    later.push(...[100, 500, 1500].map((wait) => setTimeout(() => root.dataset.moved || show(), wait)));
  };
  begin();
  return () => {
    watch?.disconnect();
    later.forEach(clearTimeout);
  };
}

/** Only the panel: side bars and the notebook's name give way, where JupyterLab lets a page ask for it. */
function quiet() {
  const lab = window.jupyterapp;
  if (!lab || document.body.dataset.kpikitQuiet) return;
  document.body.dataset.kpikitQuiet = "yes";
  const away = (command, args) => {
    try {
      if (lab.commands.hasCommand(command) && lab.commands.isToggled(command, args)) lab.commands.execute(command, args);
    } catch {
      // a JupyterLab that knows no such command keeps its bars
    }
  };
  for (const side of ["left", "right"]) {
    away(`application:toggle-${side}-area`);
    away("application:toggle-side-tabbar", { side });
  }
  away("application:toggle-header");
}

function render({ model, el }) {
  const root = document.createElement("div");
  const stop = new AbortController();
  root.className = "kpikit-review";
  root.setAttribute("data-lm-suppress-shortcuts", "true");
  el.append(root);
  let silent;
  let was = {};
  const send = (said) => {
    clearTimeout(silent);
    silent = setTimeout(() => (root.dataset.silent = "yes"), 6000);
    model.send(said);
  };
  const draw = () => {
    clearTimeout(silent);
    delete root.dataset.silent;
    delete root.dataset.copied;
    const view = model.get("view");
    if (!view.tree) return;
    const fresh = document.createElement("div");
    for (const name of ["class", "data-lm-suppress-shortcuts"]) fresh.setAttribute(name, root.getAttribute(name));
    fresh.append(element(view.tree));
    acknowledge(root, view.acks ?? {});
    const before = was;
    was = view;
    const focused = root.contains(document.activeElement) ? document.activeElement : null;
    const saying = focused?.closest(".say");
    morph(root, fresh);
    if (focused && document.activeElement !== focused)  // it was moved, or is gone: the keyboard stays in the panel
      (focused.isConnected ? focused : root.querySelector("[focus=list] [tabindex='0']"))?.focus({ preventScroll: true });
    if (before.shown !== view.shown) {
      root.querySelector("[data-scroll]")?.scrollTo(0, 0);
      root.querySelector("[data-row][aria-selected=true]")?.scrollIntoView({ block: "nearest" });
    }
    if (before.asks !== view.asks && before.shown === view.shown && saying)
      root.querySelector("[data-first]")?.focus({ preventScroll: true });
  };
  model.on("change:view", draw);
  listen(root, send, stop.signal);
  draw();
  quiet();
  const unfit = fit(root);
  const tick = setInterval(() => document.hidden || model.send({ do: "tick" }), 15000);
  return () => {
    model.off("change:view", draw);
    stop.abort();
    clearInterval(tick);
    clearTimeout(silent);
    unfit();
  };
}

export default { render };
