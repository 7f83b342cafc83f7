/* Seconds and shares as text, exactly as the package's Python shows them in the terminal and in Markdown. */

// As a number below a limit, with so many decimals, in parts of a second.
const SIZES = [
  [10, 2, 1000, "ms"], [100, 1, 1000, "ms"], [1000, 0, 1000, "ms"],
  [10, 2, 1, "s"], [100, 1, 1, "s"]];

/** Seconds with three digits: 0 s, 4.20 ms, 12.5 ms, 2.31 s, 30m 3s; a dash for none. */
function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 0) return `−${duration(-seconds)}`;
  if (seconds === 0) return "0 s";
  for (const [limit, digits, factor, unit] of SIZES) {
    const number = rounded(seconds * factor, digits);
    if (Number(number) < limit) return `${number} ${unit}`;
  }
  const whole = Math.floor(seconds + 0.5);
  return `${Math.floor(whole / 60)}m ${whole % 60}s`;
}

/** By how much something is more or less: +12.5 ms, −2.31 s, +0 s. */
function difference(seconds) {
  return `${seconds < 0 ? "" : "+"}${duration(seconds)}`;
}

/** A time from the trigger, to a millisecond; a dash for none. */
function moment(seconds) {
  return seconds === null || seconds === undefined ? "–" : `${rounded(seconds, 3)} s`;
}

/** What was measured and its resolution in one digit; what may have been nothing, as its interval. */
function figure(seconds, resolution) {
  if (resolution > seconds) return ["0", ` to ${oneDigit(seconds + resolution)} s`];
  const size = seconds ? rounded(seconds, seconds >= 1 ? 2 : 3) : "0";
  return [size, ` s ±${oneDigit(resolution)}`];
}

/** Seconds with their first digit, which is never rounded to nothing; from a second on with tenths. */
function oneDigit(seconds) {
  if (seconds >= 1) return rounded(seconds, 1);
  const least = Math.max(seconds, 0.0001);
  const digits = [0.1, 0.01, 0.001, 0.0001].findIndex((size) => least >= size) + 1;
  return `${Number(rounded(least, digits))}`;
}

/** A share from 0 to 1: 99.9 %; only all is 100 %, and only none 0 %. */
function share(value) {
  const percent = Number(rounded(100 * value, 2));
  return `${value > 0 && value < 1 ? Math.min(99.99, Math.max(0.01, percent)) : percent} %`;
}

/** By which part something is more or less: +30 %, −5 %. */
function change(value) {
  return `${value < 0 ? "−" : "+"}${rounded(100 * Math.abs(value), 0)} %`;
}

/** A number with so many decimals, a half rounded up. */
function rounded(value, digits) {
  const scale = 10 ** digits;
  return (Math.floor(value * scale + 0.5) / scale).toFixed(digits);
}

rdsfailover.durations = { change, difference, duration, figure, moment, share };
