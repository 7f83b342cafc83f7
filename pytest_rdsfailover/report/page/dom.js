/* Elements and drawings, of which every text is a text and never markup. */

globalThis.rdsfailover = {}; // each script is a module: it names here what others may use

const SVG = "http://www.w3.org/2000/svg";

/** Make an element; every string among its children becomes text, never markup. */
function el(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** Make an element of a drawing. */
function svg(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== false));
  return element;
}

/** A table of rows. A column whose heading begins with "#" holds numbers, with "~" it needs a wide window. */
function table(headings, rows, caption) {
  const classes = headings.map((heading) =>
    [heading.includes("#") && "n", heading.startsWith("~") && "wide"].filter(Boolean).join(" ") || null);
  const cells = (row) => row.map((cell, at) => el("td", { class: classes[at] }, cell));
  const head = headings.map((heading, at) =>
    el("th", { scope: "col", class: classes[at] }, heading.replace(/^~?#?/, "")));
  return el("div", { class: "scroll" },
    el("table", { "aria-label": caption },
      el("thead", {}, el("tr", {}, head)),
      el("tbody", {}, rows.map((row) => el("tr", { class: "row" }, cells(row))))));
}

function button(text, action) {
  return el("button", { type: "button", onclick: action }, text);
}

/** A small drawing beside a word, which says all that it means. */
function swatch(shape) {
  return svg("svg", { viewBox: "0 0 12 12", "aria-hidden": "true" }, shape);
}

/** The path of a rectangle. */
function rect(x, y, width, height) {
  return `M${x.toFixed(1)} ${y.toFixed(1)}h${width.toFixed(1)}v${height.toFixed(1)}h${(-width).toFixed(1)}z`;
}

rdsfailover.dom = { el, svg, table, button, swatch, rect };
