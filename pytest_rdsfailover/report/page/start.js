/* Draws the page, and moves between trials by keys. */

const { el } = rdsfailover.dom;
const { heading } = rdsfailover.heading;
const { overview, sections, trialTable } = rdsfailover.overview;
const { trialSection } = rdsfailover.trial;
const { drawAll } = rdsfailover.scheduling;

function start() {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { entries } = data;
  document.getElementById("page").replaceChildren(
    heading(data),
    el("main", {}, overview(data), sections(data), entries.length ? trialTable(entries) : el("p", { id: "trials" }, "No trial was run."),
      entries.map((entry, at) => trialSection(entry, at, entries.length))),
    el("p", { class: "soft small screen" }, "keys: j and k move to the next and the previous trial"));
  addEventListener("beforeprint", drawAll);
  addEventListener("keydown", (event) => step(event, entries.length));
  const wanted = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const failed = entries.findIndex((entry) => entry.failed || !entry.trial.valid) + 1;
  const first = wanted || (failed ? document.getElementById(`trial-${failed}`) : null);
  if (first) first.scrollIntoView({ behavior: "instant" });
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
