/* Draws the page, and moves between trials by keys. */

const pending = new Map();

/** Call once an element comes near what is seen; drawing it earlier would only cost time. */
function whenNear(element, action) {
  pending.set(element, action);
  near.observe(element);
}

function drawNow(element) {
  const action = pending.get(element);
  pending.delete(element);
  near.unobserve(element);
  if (action) action();
}

const near = new IntersectionObserver((seen) => {
  for (const each of seen) if (each.isIntersecting) drawNow(each.target);
}, { rootMargin: "900px" });

const drawers = new Map();

/** Draw as soon as there is a width, and whenever the width changes. */
function onWidth(host, draw) {
  let width = 0;
  drawers.set(host, draw);
  new ResizeObserver(() => {
    if (host.clientWidth && host.clientWidth !== width) {
      width = host.clientWidth;
      requestAnimationFrame(draw); // drawn here, its new height would be observed in turn
    }
  }).observe(host);
}

function start() {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { entries } = data;
  document.getElementById("page").replaceChildren(
    heading(data),
    el("main", {}, strips(data), sections(data), entries.length ? trialTable(entries) : el("p", { id: "trials" }, "No trial was run."),
      entries.map((entry, at) => trialSection(entry, at, entries.length))),
    el("p", { class: "soft small screen" }, "keys: j and k move to the next and the previous trial"));
  addEventListener("beforeprint", () => {
    [...pending.keys()].forEach(drawNow);
    drawers.forEach((draw) => draw()); // nobody waits for an observer before printing
  });
  addEventListener("keydown", (event) => step(event, entries.length));
  const wanted = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (wanted) wanted.scrollIntoView({ behavior: "instant" });
}

function step(event, count) {
  const direction = { j: 1, k: -1 }[event.key];
  if (!direction || event.ctrlKey || event.metaKey || event.altKey) return;
  const here = Number((location.hash.match(/^#trial-(\d+)$/) || [0, 0])[1]);
  const next = Math.min(count, Math.max(1, here + direction));
  location.hash = `#trial-${next}`;
  document.getElementById(`trial-${next}`)?.focus({ preventScroll: true });
}

start();
