/* When something is drawn: once it comes near what is seen, and again for each new width. */

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
  for (const { isIntersecting, target } of seen) if (isIntersecting) drawNow(target);
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

/** Draw at once what has waited, and the rest again for the paper: printing waits for nobody. */
function drawAll() {
  [...pending.keys()].forEach(drawNow);
  drawers.forEach((draw) => draw());
}

rdsfailover.scheduling = { whenNear, onWidth, drawAll };
