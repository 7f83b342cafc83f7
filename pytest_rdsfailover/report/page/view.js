/* Zoom, cursor and hover of one timeline. */

const { button, el, swatch, svg } = rdsfailover.dom;
const { duration, moment } = rdsfailover.durations;
const { kindOf, number, plural } = rdsfailover.words;
const { onWidth } = rdsfailover.scheduling;
const { barsOf, latencyAt, writerAt } = rdsfailover.scene;
const { chart } = rdsfailover.chart;

const SHORTEST_VIEW = 20; // ms

function timeline(entry) {
  const { portrait } = entry;
  const { picture } = portrait;
  const whole = [picture.strips[0].start, picture.strips[0].stop];
  const focus = picture.strips[picture.strips.length - 1];
  const host = el("div", { class: "chart" });
  const tip = el("div", { class: "tip", hidden: true, role: "status" });
  const state = { view: [focus.start, focus.stop], cursor: null, drawn: null };
  const buttons = {
    failover: button("Failover", () => show([focus.start, focus.stop])),
    whole: button("Whole trial", () => show(whole)),
    closer: button("+", () => zoom(0.5)), farther: button("−", () => zoom(2)),
  };
  buttons.closer.setAttribute("aria-label", "Zoom in");
  buttons.farther.setAttribute("aria-label", "Zoom out");

  function show([from, to]) {
    const size = Math.max(SHORTEST_VIEW, Math.min(to - from, whole[1] - whole[0]));
    const start = Math.min(Math.max(from, whole[0]), whole[1] - size);
    state.view = [start, start + size];
    draw();
  }
  function zoom(factor, around) {
    const [from, to] = state.view;
    const middle = around ?? state.cursor ?? (from + to) / 2;
    show([middle - (middle - from) * factor, middle + (to - middle) * factor]);
  }
  function draw() {
    const focused = state.drawn && document.activeElement === state.drawn.root;
    state.drawn = chart(entry, state.view, Math.max(320, host.clientWidth || 1000));
    listen(state.drawn.root);
    host.replaceChildren(state.drawn.root, tip);
    if (focused) state.drawn.root.focus({ preventScroll: true });
    const same = (other) => Math.abs(state.view[0] - other[0]) < 1 && Math.abs(state.view[1] - other[1]) < 1;
    buttons.failover.setAttribute("aria-pressed", same([focus.start, focus.stop]));
    buttons.whole.setAttribute("aria-pressed", same(whole));
    host.dataset.from = Math.round(state.view[0]);
    host.dataset.to = Math.round(state.view[1]);
    point(null);
  }
  /** Where a pointer is, in the drawing's own units, which differ from the screen's in print. */
  function place(event) {
    const box = state.drawn.root.getBoundingClientRect();
    const scale = state.drawn.place.width / box.width;
    return { px: (event.clientX - box.left) * scale, py: (event.clientY - box.top) * scale };
  }
  function point(time, py) {
    const cross = state.drawn.root.querySelector(".cross");
    tip.hidden = time === null || time < state.view[0] || time > state.view[1];
    cross.setAttribute("visibility", tip.hidden ? "hidden" : "visible");
    if (tip.hidden) return;
    const x = state.drawn.x(time);
    cross.setAttribute("x1", x);
    cross.setAttribute("x2", x);
    tip.replaceChildren(...describe(entry, state, time, py));
    const scale = host.clientWidth / state.drawn.place.width;
    const flip = x * scale > host.clientWidth / 2;
    tip.style.left = flip ? "" : `${x * scale + 12}px`;
    tip.style.right = flip ? `${host.clientWidth - x * scale + 12}px` : "";
    tip.style.top = `${Math.max(0, (py ?? state.drawn.place.rate.top) * scale - 20)}px`;
  }
  function listen(root) {
    let from = null;
    const brush = root.querySelector(".brush");
    root.addEventListener("pointermove", (event) => {
      const { px, py } = place(event);
      const at = Math.min(state.drawn.place.right, Math.max(state.drawn.place.left, px));
      if (from !== null) {
        brush.setAttribute("visibility", "visible");
        brush.setAttribute("x", Math.min(from, at));
        brush.setAttribute("width", Math.abs(at - from));
      }
      state.cursor = px >= state.drawn.place.left ? state.drawn.time(at) : null;
      point(state.cursor, py);
    });
    root.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || event.pointerType === "touch") return;
      from = Math.max(state.drawn.place.left, place(event).px);
      root.setPointerCapture(event.pointerId);
    });
    root.addEventListener("pointerup", (event) => {
      if (from === null) return;
      const to = Math.min(state.drawn.place.right, Math.max(state.drawn.place.left, place(event).px));
      const [a, b] = [Math.min(from, to), Math.max(from, to)];
      from = null;
      brush.setAttribute("visibility", "hidden");
      if (b - a > 5) show([state.drawn.time(a), state.drawn.time(b)]);
    });
    root.addEventListener("pointerleave", () => { if (from === null) { state.cursor = null; point(null); } });
    root.addEventListener("dblclick", () => show(whole));
    root.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
      event.preventDefault();
      zoom(event.deltaY > 0 ? 1.25 : 0.8, state.drawn.time(place(event).px));
    }, { passive: false });
    root.addEventListener("keydown", (event) => {
      if (keys(event)) event.preventDefault();
    });
  }
  function keys(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const [from, to] = state.view;
    const step = (to - from) / (event.shiftKey ? 5 : 100);
    const direction = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (direction && event.shiftKey) show([from + direction * step, to + direction * step]);
    else if (direction) {
      state.cursor = Math.min(to, Math.max(from, (state.cursor ?? (from + to) / 2) + direction * step));
      point(state.cursor);
    } else if (event.key === "+" || event.key === "=") zoom(0.5);
    else if (event.key === "-") zoom(2);
    else if (event.key === "0") show(whole);
    else if (event.key === "f") show([focus.start, focus.stop]);
    else if (event.key === "Escape") { state.cursor = null; point(null); } else return false;
    return true;
  }
  const tools = el("div", { class: "tools screen" }, Object.values(buttons),
    el("span", { class: "hint" }, "drag to zoom, double-click for all; keys: ← → + − 0 f"));
  onWidth(host, draw);
  return [tools, host, legend(picture)];
}

/** What was happening at a moment, and to the writer under the pointer. */
function describe(entry, state, time, py) {
  const { picture, rate } = entry.portrait;
  const { place } = state.drawn;
  const span = place.right - place.left;
  const bar = barsOf(picture, state.view, span, rate).find(({ start, stop }) => start <= time && time < stop);
  const lines = [el("div", {}, el("b", {}, moment(time / 1000)))];
  if (bar) {
    const seconds = (bar.stop - bar.start) / 1000;
    lines.push(el("div", {}, `${number(Math.round(bar.acked / seconds))} writes/s acknowledged`));
    for (const [at, count] of bar.failed) lines.push(el("div", {}, `${plural(count, "error")} ${picture.states[at]} in ${duration(seconds)}`));
  }
  const latency = latencyAt(picture, state.view, span, time);
  if (latency) lines.push(el("div", {}, `latency: half below ≈ ${duration(latency.median)}, all below ≈ ${duration(latency.most)}`));
  const outage = entry.trial.outages.find(({ start_s: start, stop_s: stop }) => start * 1000 <= time && time < stop * 1000);
  if (outage) lines.push(el("div", { class: "bad" }, `outage of ${duration(outage.seconds)}${outage.open ? " or more" : ""}`));
  const writer = Math.floor(((py ?? -1) - place.lanes.top) / place.lane);
  if (writer >= 0 && writer < picture.spells.length) lines.push(writerLine(entry, writer, time));
  return lines;
}

function writerLine(entry, writer, time) {
  const { spell, home } = writerAt(entry.portrait.picture, writer, time);
  const what = spell
    ? `${entry.portrait.picture.states[spell[2]]}, ${plural(spell[3], "write")} from ${moment(spell[0] / 1000)} to ${moment(spell[1] / 1000)}`
    : `served${home ? ` by ${home}` : ""}`;
  return el("div", {}, el("b", {}, `writer ${writer}: `), what);
}

function legend(picture) {
  const box = (kind) => swatch(svg("rect", { class: `k-${kind}`, width: 12, height: 12, rx: 2 }));
  const kinds = [...new Set(picture.states.map(kindOf))];
  const states = (kind) => picture.states.filter((state) => kindOf(state) === kind).join(", ");
  return el("ul", { class: "legend", "aria-label": "Colours" },
    picture.instances.length < 2 ? el("li", {}, box("acked"), "acknowledged") : null,
    picture.instances.length < 2 ? null : picture.instances.map((instance, at) => el("li", {}, box(`home-${at % 4}`), `acknowledged by ${instance}`)),
    kinds.map((kind) => el("li", {}, box(kind), kind === "slow" ? "acknowledged late" : states(kind))),
    el("li", {}, box("waited"), "latency of writes that failed or could not be sent, up to their writer's next success"));
}

rdsfailover.view = { timeline };
