/* Words and numbers as people read them, and what a trial is called. */

const { duration, figure, share } = rdsfailover.durations;

/** Whether a trial's downtime is one: a document of an earlier version has no clock. */
function isMeasured(trial) {
  return trial.valid && (!trial.clock || trial.clock.reliable);
}

/** A trial's downtime with its resolution, or that it is no figure. */
function downtimeOf(trial, name = "downtime") {
  if (trial.clock && !trial.clock.reliable) return ["unreliable", ""];
  return isOpen(trial, name) ? [duration(trial.downtime_s), " or more, not over"] : figure(trial.downtime_s, trial.resolution_s);
}

/** Whether what a figure measures had not ended when observation ended. */
function isOpen(trial, name) {
  return trial.figures?.[name]?.upper === null;
}

/** The ends of a trial's downtime; the upper one is null if it was not over when observation ended. */
function endsOf(trial) {
  const { lower, upper } = trial.figures?.downtime ?? {};
  if (lower !== undefined) return [lower, upper];
  return [Math.max(0, trial.downtime_s - trial.resolution_s), trial.downtime_s + trial.resolution_s];
}

/** A figure of a trial between its ends, as text. */
function between({ lower, upper, value, unit }) {
  const text = unit === "s" ? duration : unit === "%" ? share : number;
  if (upper === null) return `${text(lower)} or more`;
  if (lower === upper) return text(value);
  return `${text(lower)} to ${text(upper)}`;
}

function number(value) {
  return value === null || value === undefined ? "?" : value.toLocaleString("en");
}

function plural(count, one, many) {
  return `${number(count)} ${count === 1 ? one : many || `${one}s`}`;
}

/** The family of a state such as "2013 reset"; it decides the colour. */
function kindOf(state) {
  const word = state.slice(state.lastIndexOf(" ") + 1);
  return ["reset", "refused", "timeout", "read-only", "dns", "server", "client", "slow"].includes(word)
    ? word : "client";
}

/** Whether it is known if a trial's test failed; files of journals and documents do not tell. */
function isJudged(entry) {
  return entry.failed !== null && entry.failed !== undefined;
}

/** What became of a trial, in one word and a colour. */
function verdict(entry) {
  if (!entry.trial.valid) return ["INVALID", "warn"];
  if (!isJudged(entry)) return ["VERDICT UNKNOWN", "soft"];
  return entry.failed ? ["FAILED", "bad"] : ["PASSED", "good"];
}

function shortTest(id) {
  const at = id.lastIndexOf("::", id.includes("[") ? id.indexOf("[") : id.length);
  return at < 0 ? id : id.slice(at + 2);
}

/** Round numbers between two values, about as many as wanted. */
function ticks(low, high, wanted) {
  const rough = (high - low) / Math.max(1, wanted);
  if (!(rough > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough);
  const found = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high * (1 + 1e-9) + 1e-12; n += 1) found.push(n * step || 0);
  return found;
}

function tickText(value, all) {
  const step = all.length > 1 ? all[1] - all[0] : 1;
  return value.toFixed(Math.max(0, Math.min(3, Math.ceil(-Math.log10(step) - 1e-9)))).replace("-", "−");
}

rdsfailover.words = { between, downtimeOf, endsOf, isJudged, isMeasured, isOpen, kindOf, number, plural, shortTest, tickText, ticks, verdict };
