/* The top of the page: what was run, in one sentence, and what it was run on. */

const { el, table } = rdsfailover.dom;
const { isJudged, number, plural } = rdsfailover.words;

function heading(data) {
  const { entries, run } = data;
  const invalid = entries.filter((entry) => !entry.trial.valid).length;
  const lead = el("p", { class: "lead" }, entries.length
    ? [`${plural(entries.length, "trial")}, `, verdicts(entries),
      invalid ? [", ", el("span", { class: "warn" }, `${number(invalid)} invalid`)] : null, "; ", losses(entries)]
    : "no trial");
  const versions = Object.entries(run.versions).map(([name, version]) => [name, String(version)]);
  return el("header", {},
    el("div", { class: "head" },
      el("div", {}, el("h1", {}, data.title), lead), themeButton()),
    el("p", { class: "soft small" }, [`mode: ${run.mode}`, ...(data.notes.some((note) => note.includes("seed")) ? [] : [`seed: ${run.seed}`]), ...data.notes].flatMap(
      (note, at) => (at ? [" · ", note] : [note]))),
    versions.length
      ? el("details", { class: "small" }, el("summary", {}, "Versions"), table(["name", "version"], versions, "Versions"))
      : null);
}

/** How many tests failed: green only if every verdict is known, which files of journals do not tell. */
function verdicts(entries) {
  const failed = entries.filter((entry) => entry.failed).length;
  const unknown = entries.filter((entry) => !isJudged(entry)).length;
  if (unknown === entries.length) return el("span", { class: "soft" }, unknown === 1 ? "verdict unknown" : "verdicts unknown");
  const tone = failed ? "bad" : unknown ? "soft" : "good";
  return [el("span", { class: tone }, failed ? `${number(failed)} in failed tests` : "no failed test"),
    unknown ? `, verdicts of ${plural(unknown, "trial")} unknown` : null];
}

/** How many acknowledged writes were lost: green only if those of every trial were read back. */
function losses(entries) {
  const lost = entries.reduce((sum, entry) => sum + (entry.counts.lost || 0), 0);
  const unaudited = entries.filter((entry) => entry.counts.lost === null).length;
  if (unaudited === entries.length) return el("span", { class: "soft" }, "lost writes unknown, none was audited");
  const tone = lost ? "bad" : unaudited ? "soft" : "good";
  return [el("span", { class: tone }, `${plural(lost, "acknowledged write")} lost`),
    unaudited ? ` (${plural(unaudited, "trial")} not audited)` : null];
}

function themeButton() {
  const root = document.documentElement;
  const dark = () => root.dataset.theme
    ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const button = el("button", { class: "screen", type: "button", id: "theme" });
  const name = () => { button.textContent = dark() ? "Light" : "Dark"; };
  button.setAttribute("aria-label", "Switch between light and dark");
  button.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; name(); });
  name();
  return button;
}

rdsfailover.heading = { heading };
