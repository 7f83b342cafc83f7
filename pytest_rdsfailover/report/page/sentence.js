/* What became of a trial, in one sentence. */

const { downtimeOf, isJudged, isOpen, number, plural } = rdsfailover.words;

function sentence(entry) {
  const { trial, portrait } = entry;
  if (!trial.valid) return `This trial proves nothing: ${(portrait && portrait.reason) || "it is invalid"}.`;
  if (entry.failed) return `The test failed: ${reason(entry.why)}`;
  const worst = (trial.findings || []).find((finding) => finding.severity === "broken");
  if (worst) return `${capital(worst.evidence)}: ${worst.cure}.`;
  return `${course(trial)} ${kept(entry)}${isJudged(entry) ? "" : " Whether its test passed is not known."}`;
}

/** The first expectation that a failed test names, or what else it says first. */
function reason(why) {
  const [, unmet] = (why || "").match(/^\s*(?:FAIL|INCONCLUSIVE): (.*)$/m) || [];
  const line = unmet || (why || "").trim().split("\n")[0];
  return line ? (/[.!?]$/.test(line) ? line : `${line}.`) : "it does not say why.";
}

function course(trial) {
  if (trial.clock && !trial.clock.reliable) return "How long no write was acknowledged is not known.";
  const [size, spread] = downtimeOf(trial);
  if (isOpen(trial, "downtime")) return `No write was acknowledged for ${size}: that was not over when observation ended.`;
  if (!trial.downtime_s) return "Writes were acknowledged all the time.";
  return `Writes were back after ${size}${spread}.`;
}

function kept({ trial, counts }) {
  if (counts.lost === null) return "Whether acknowledged writes were lost was not audited.";
  const of = `of ${plural(trial.acked, "acknowledged write")}`;
  return counts.lost ? `${number(counts.lost)} ${of} were lost.` : `None ${of} was lost.`;
}

function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

rdsfailover.sentence = { sentence };
