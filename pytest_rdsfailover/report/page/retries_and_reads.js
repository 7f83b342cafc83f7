/* Attempts, reads and torn writes of a trial, each only if its workload has any. */

const { el, table } = rdsfailover.dom;
const { figure } = rdsfailover.durations;
const { downtimeOf, number, plural } = rdsfailover.words;
const { errors } = rdsfailover.trialTables;

/** Their key figures, as [name, value, small print, tone]. */
function moreFigures(trial, counts) {
  const { attempts, reads } = trial;
  const found = [];
  if (attempts) found.push(["database's downtime", ...attemptsDowntime(trial)]);
  if (reads && reads.compared) found.push(["staleness", ...figure(reads.staleness_s, reads.resolution_s)]);
  if (reads && reads.unseen) found.push(["unseen", number(reads.unseen), ` of ${plural(reads.count, "read")}`, "bad"]);
  if (counts.torn) found.push(["torn", number(counts.torn), " stored in part", "bad"]);
  return found;
}

/** The downtime by the attempts; like the trial's it is no figure if the clock was unfit. */
function attemptsDowntime(trial) {
  return downtimeOf({ ...trial, ...trial.attempts }, "attempts_downtime");
}

/** A trial's attempts and reads, each a section with a table. */
function moreSections({ trial }) {
  const { attempts, reads } = trial;
  return [
    attempts ? el("section", { class: "attempts" }, el("h3", {}, "Attempts inside the operations"), attemptsTable(trial),
      attempts.errors.length ? errors({ errors: attempts.errors }, null, "Errors of attempts") : null) : null,
    reads ? el("section", { class: "reads" }, el("h3", {}, "Reads"), readsTable(reads)) : null];
}

function attemptsTable(trial) {
  const { attempts } = trial;
  return table(["attempts", "value"], [
    ["made", number(attempts.count)], ["acknowledged", number(attempts.acked)],
    ["refused", number(attempts.refused)], ["unknown", number(attempts.unknown)],
    ["operations that took several", `${number(attempts.retried)} of ${number(trial.attempted)}`],
    ["downtime by attempts: the database's", attemptsDowntime(trial).join("")],
    ["downtime by operations: the application's", downtimeOf(trial).join("")]], "Attempts");
}

function readsTable(reads) {
  const tone = (count) => el("span", { class: count ? "bad" : null }, number(count));
  return table(["reads", "value"], [
    ["answered", number(reads.count)], ["failed", tone(reads.failed)],
    ["of a replica, compared with a write", number(reads.compared)],
    ["of these stale", number(reads.stale)],
    ["staleness at most", reads.compared ? figure(reads.staleness_s, reads.resolution_s).join("") : "not measured"],
    ["missed their own writer's acknowledged write", tone(reads.unseen)]], "Reads");
}

rdsfailover.retriesAndReads = { moreFigures, moreSections };
