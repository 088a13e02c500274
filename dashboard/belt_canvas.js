// The map of a belt. Python sends packets of bytes (orbits; who lived where, and ships; an image of
// where bodies are, if there are too many), each once, and options whenever a control is moved.
// Bodies and ships move here. Nothing is drawn while nothing changes.

const TAU = 2 * Math.PI, YEAR = 365.25;
const TYPES = { f4: Float32Array, i4: Int32Array, u4: Uint32Array, u1: Uint8Array };
const RINGS = [2, 2.5, 3, 3.5];
const SPIN = -0.5, TILT = 0.6, ABOVE = Math.PI / 2;
const kept = (window.__auxon_belt_kept ??= {});
const belts = new WeakMap();

export default function mount(component) {
  const { data, parentElement, setTriggerValue } = component;
  if (data instanceof Uint8Array) return keep(data);
  let belt = belts.get(parentElement);
  if (!belt) belts.set(parentElement, (belt = new Belt(parentElement)));
  belt.send = setTriggerValue;
  belt.take(data);
  return () => {
    belts.delete(parentElement);
    belt.close();
  };
}

function keep(bytes) {
  const copy = bytes.slice().buffer; // aligned
  const size = new DataView(copy).getUint32(0, true);
  const packet = JSON.parse(new TextDecoder().decode(new Uint8Array(copy, 4, size)));
  for (const [name, type, at, length] of packet.arrays)
    packet[name] = new TYPES[type](copy, 4 + size + at, length);
  kept[packet.kind] = packet;
  window.dispatchEvent(new Event("auxon-belt"));
  return () => {
    if (kept[packet.kind] === packet) delete kept[packet.kind];
  };
}

// Kepler's equation: the start is good to e^3, one step of Halley's method cubes that, and sine and
// cosine of a small step need no library. Long ellipses take more steps.
function eccentric(M, e, out) {
  const s = Math.sin(M), c = Math.cos(M);
  const first = e * s * (1 + e * c);
  let E = M + first, sE = Math.sin(E), cE = Math.cos(E);
  for (let more = e < 0.35 ? 1 : 6; more > 0; more--) {
    const f = E - e * sE - M, slope = 1 - e * cE, d = -f / (slope - (0.5 * f * e * sE) / slope);
    E += d;
    if (more > 1 || d > 0.1 || d < -0.1) {
      sE = Math.sin(E);
      cE = Math.cos(E);
    } else {
      const old = sE, half = 1 - 0.5 * d * d;
      sE = sE * half + cE * d;
      cE = cE * half - old * d;
    }
  }
  out[0] = sE;
  out[1] = cE;
  return E;
}
const PAIR = new Float64Array(2);

class Belt {
  constructor(root) {
    const $ = name => root.querySelector("." + name);
    Object.assign(this, {
      box: $("belt"), sky: $("sky"), dots: $("dots"), front: $("front"), tip: $("tip"),
      button: $("play"), pace: $("pace"), clock: $("clock"), keys: $("keys"), reset: $("reset"),
    });
    this.c = this.front.getContext("2d");
    this.d = this.dots.getContext("2d");
    Object.assign(this, {
      days: 0, playing: false, raf: 0, last: 0, asked: null, options: null, orbits: null,
      story: null, hover: null, drag: new Map(), moved: 0, frames: 0, since: 0, spent: 0,
      solvedAt: NaN, w: 0, h: 0, aim: ABOVE, tilt: ABOVE, spin: 0,
    });
    this.home();
    this.listen();
  }

  home() {
    this.zoom = 1;
    this.panX = this.panY = 0;
    this.spin = this.options?.flat === false ? SPIN : 0;
    this.aim = this.options?.flat === false ? TILT : ABOVE;
    this.turned = true;
  }

  listen() {
    const f = this.front;
    this.button.onclick = () => (this.playing ? this.stop() : this.play());
    this.reset.onclick = f.ondblclick = () => {
      this.home();
      this.draw();
    };
    f.onpointerdown = e => {
      f.setPointerCapture(e.pointerId);
      this.drag.set(e.pointerId, e);
      if (this.drag.size === 1) this.moved = 0;
    };
    f.onpointermove = e => (this.drag.has(e.pointerId) ? this.pull(e) : this.point(e));
    f.onpointerup = e => {
      const click = this.drag.size === 1 && this.moved < 5;
      this.drag.delete(e.pointerId);
      if (click) this.click(e);
    };
    f.onpointercancel = e => this.drag.delete(e.pointerId);
    f.onpointerleave = () => this.say(null);
    // assigned, not added, it would be passive and the page would scroll, too
    f.addEventListener("wheel", (this.onWheel = e => {
      e.preventDefault();
      const box = f.getBoundingClientRect();
      this.zoomBy(Math.exp(-e.deltaY * 0.0012), e.clientX - box.left, e.clientY - box.top);
    }), { passive: false });
    f.onkeydown = e => {
      const turn = { ArrowLeft: [-24, 0], ArrowRight: [24, 0], ArrowUp: [0, -24], ArrowDown: [0, 24] };
      if (turn[e.key]) this.shift(...turn[e.key]);
      else if (e.key === "+" || e.key === "-")
        this.zoomBy(e.key === "+" ? 1.25 : 0.8, this.w / 2, this.h / 2);
      else return;
      e.preventDefault();
    };
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.sky);
    window.addEventListener("auxon-belt", (this.onPacket = () => this.fetch()));
  }

  close() {
    cancelAnimationFrame(this.raf);
    this.closed = true;
    this.observer.disconnect();
    this.front.removeEventListener("wheel", this.onWheel);
    window.removeEventListener("auxon-belt", this.onPacket);
    delete window.__auxon_belt;
  }

  // ------------------------------------------------------------------ what Python says

  take(options) {
    const before = this.options;
    this.options = options;
    if (!before || before.flat !== options.flat) {
      this.home();
      if (!before) this.tilt = this.aim;
    }
    if (this.asked !== options.year) {
      this.asked = options.year;
      // a slider rounds where the map was stopped; that must not make it jump
      if (Math.abs(options.year - this.days / YEAR) > options.grain) this.days = options.year * YEAR;
    }
    this.theme();
    this.label();
    this.fetch();
  }

  theme() {
    const css = getComputedStyle(this.box), read = name => css.getPropertyValue(name).trim();
    const rgb = name => {
      this.c.fillStyle = "#808080";
      this.c.fillStyle = read(name);
      const v = parseInt(this.c.fillStyle.slice(1, 7), 16);
      return [v >> 16, (v >> 8) & 255, v & 255];
    };
    this.ink = rgb("--st-text-color");
    this.paper = rgb("--st-background-color");
    this.dark = this.paper[0] + this.paper[1] + this.paper[2] < 384;
    this.font = read("--st-font") || "sans-serif";
    const [r, g, b] = this.ink;
    this.shades = new Uint32Array(256);
    for (let a = 0; a < 256; a++) this.shades[a] = ((a << 24) | (b << 16) | (g << 8) | r) >>> 0;
    this.image = null;
  }

  shade(alpha, [r, g, b] = this.ink) {
    return `rgba(${r},${g},${b},${alpha})`;
  }

  label() {
    const item = (mark, text, colour) => {
      const span = document.createElement("span"), i = document.createElement("i");
      i.className = mark;
      if (colour) i.style.background = colour;
      span.append(i, text);
      return span;
    };
    const o = this.options;
    this.keys.replaceChildren(
      ...(o.title ? [o.title + ":"] : []),
      ...o.legend.map(([name, colour]) => item("disc", name, colour)),
      item("dot", "body"), item("ship", "ship on its way"),
    );
  }

  fetch() {
    const o = this.options, want = (kind, key) => (kept[kind]?.key === key ? kept[kind] : null);
    const orbits = want("orbits", o.orbits), story = want("story", o.story);
    if (orbits && orbits !== this.orbits) {
      const n = orbits.n;
      this.n = n;
      for (const name of ["along", "sine", "pu", "pv", "qu", "qv", "u", "v"])
        this[name] = new Float32Array(n);
      this.solvedAt = NaN;
      this.turned = true;
      this.names = orbits.names.split("\n");
    }
    this.orbits = orbits;
    this.story = story;
    this.density = want("density", o.density);
    this.row = -1;
    this.image = null;
    this.draw();
  }

  // ------------------------------------------------------------------ time

  play() {
    if (this.options.horizon * YEAR - this.days < 1) this.days = 0;
    this.playing = true;
    this.last = this.since = performance.now();
    this.frames = this.spent = 0;
    this.button.textContent = "❚❚ Pause";
    this.draw();
  }

  stop() {
    this.playing = false;
    this.button.textContent = "▶ Play";
    this.send("stopped", this.days / YEAR);
    this.draw();
  }

  draw() {
    if (!this.raf && !this.closed) this.raf = requestAnimationFrame(now => this.frame(now));
  }

  frame(now) {
    this.raf = 0;
    const begin = performance.now();
    if (this.playing) {
      const end = this.options.horizon * YEAR;
      this.days = Math.min(end, this.days + Math.min(0.25, (now - this.last) / 1000) * +this.pace.value);
      this.last = now;
      if (this.days >= end) this.stop();
    }
    const rest = this.aim - this.tilt;
    if (rest) {
      this.tilt = Math.abs(rest) < 0.004 ? this.aim : this.tilt + rest * 0.2;
      this.turned = true;
    }
    this.fit();
    if (this.orbits) {
      this.solve();
      this.project();
      this.dust();
    }
    this.paint();
    this.count(begin);
    if (this.playing || this.tilt !== this.aim) this.draw();
  }

  // For benchmarks and tests.
  count(begin) {
    const now = performance.now(), seconds = (now - this.since) / 1000;
    this.frames++;
    this.spent += now - begin;
    if (this.playing && seconds < 0.5) return;
    window.__auxon_belt = {
      fps: this.playing ? this.frames / seconds : 0,
      frame_ms: this.spent / this.frames,
      bodies: this.orbits ? this.n : 0,
    };
    this.frames = this.spent = 0;
    this.since = now;
  }

  // ------------------------------------------------------------------ where things are

  fit() {
    const w = this.sky.clientWidth, h = this.sky.clientHeight, ratio = window.devicePixelRatio || 1;
    if (w !== this.w || h !== this.h || ratio !== this.ratio) {
      Object.assign(this, { w, h, ratio, image: null });
      for (const canvas of [this.dots, this.front]) {
        canvas.width = Math.max(1, Math.round(w * ratio));
        canvas.height = Math.max(1, Math.round(h * ratio));
      }
    }
    const reach = this.options.reach * 1.03, flat = Math.sin(this.tilt);
    const fits = Math.min(w / 2 / reach, h / 2 / (reach * flat + 0.5 * Math.cos(this.tilt)));
    this.scale = fits * this.zoom;
    this.x0 = w / 2 + this.panX;
    this.y0 = h / 2 + this.panY;
  }

  solve() {
    if (this.solvedAt === this.days) return;
    this.solvedAt = this.days;
    const el = this.orbits.elements, { along, sine, n, days } = this;
    for (let i = 0, j = 6; i < n; i++, j += 9) {
      eccentric(el[j + 1] + el[j + 2] * days, el[j], PAIR);
      sine[i] = PAIR[0];
      along[i] = PAIR[1] - el[j];
    }
  }

  // Where a vector goes in the picture, for scale 1 and the Sun in its origin.
  lens() {
    const c = Math.cos(this.spin), s = Math.sin(this.spin);
    const flat = Math.sin(this.tilt), up = Math.cos(this.tilt);
    return [c, -s, -s * flat, -c * flat, -up];
  }

  project() {
    const { n, along, sine, pu, pv, qu, qv, u, v, scale, x0, y0 } = this;
    if (this.turned) {
      const el = this.orbits.elements, [a, b, c, d, f] = this.lens();
      for (let i = 0, j = 0; i < n; i++, j += 9) {
        pu[i] = a * el[j] + b * el[j + 1];
        pv[i] = c * el[j] + d * el[j + 1] + f * el[j + 2];
        qu[i] = a * el[j + 3] + b * el[j + 4];
        qv[i] = c * el[j + 3] + d * el[j + 4] + f * el[j + 5];
      }
      this.turned = false;
    }
    for (let i = 0; i < n; i++) {
      u[i] = x0 + scale * (pu[i] * along[i] + qu[i] * sine[i]);
      v[i] = y0 + scale * (pv[i] * along[i] + qv[i] * sine[i]);
    }
  }

  // ------------------------------------------------------------------ hands

  shift(dx, dy) {
    if (this.options.flat) {
      this.panX += dx;
      this.panY += dy;
    } else {
      this.spin += dx * 0.006;
      this.tilt = this.aim = Math.max(0, Math.min(ABOVE, this.tilt + dy * 0.006));
      this.turned = true;
    }
    this.draw();
  }

  zoomBy(factor, x, y) {
    const after = Math.max(0.4, Math.min(200, this.zoom * factor)), k = after / this.zoom;
    this.panX = x - this.w / 2 - k * (x - this.w / 2 - this.panX);
    this.panY = y - this.h / 2 - k * (y - this.h / 2 - this.panY);
    this.zoom = after;
    this.draw();
  }

  pull(e) {
    const before = this.drag.get(e.pointerId);
    const dx = e.clientX - before.clientX, dy = e.clientY - before.clientY;
    this.moved += Math.abs(dx) + Math.abs(dy);
    if (this.drag.size > 1) {
      const other = [...this.drag.values()].find(p => p.pointerId !== e.pointerId);
      const apart = p => Math.hypot(p.clientX - other.clientX, p.clientY - other.clientY);
      const box = this.front.getBoundingClientRect();
      this.zoomBy(apart(e) / Math.max(1, apart(before)),
        (e.clientX + other.clientX) / 2 - box.left, (e.clientY + other.clientY) / 2 - box.top);
      this.shift(dx / 2, dy / 2);
    } else this.shift(dx, dy);
    this.drag.set(e.pointerId, e);
  }

  spot(e) {
    const box = this.front.getBoundingClientRect();
    return [e.clientX - box.left, e.clientY - box.top];
  }

  nearest(x, y, wide) {
    let best = null, least = Infinity;
    for (const mark of this.marks ?? []) {
      const far = Math.hypot(mark.x - x, mark.y - y);
      if (far < mark.r + wide && far < least) [best, least] = [mark, far];
    }
    return best;
  }

  point(e) {
    if (!this.orbits) return;
    const [x, y] = this.spot(e), mark = this.nearest(x, y, 5);
    if (mark) return this.say(mark);
    let body = -1, least = 36;
    if (!this.density)
      for (let i = 0; i < this.n; i++) {
        const far = (this.u[i] - x) ** 2 + (this.v[i] - y) ** 2;
        if (far < least) [body, least] = [i, far];
      }
    this.say(body < 0 ? null : { x: this.u[body], y: this.v[body], body });
  }

  say(mark) {
    this.front.style.cursor = mark?.site ? "pointer" : this.options?.flat ? "move" : "grab";
    this.tip.hidden = !mark;
    if (!mark) return;
    const s = this.story;
    let text;
    if (mark.site) {
      const { k, body, robots } = mark.site;
      text = `${this.names[body]}\nsite ${s.number[k]}: ${robots.toLocaleString("en")} robots\n` +
        `lineage ${s.lineages[s.lineage[k]]}, rank ${s.rank[k]}`;
    } else if (mark.ship !== undefined) {
      const k = mark.ship;
      text = `ship ${s.ship[k]}: ${s.start[k]} to ${s.goal[k]}\nleft in year ` +
        `${(s.left[k] / YEAR).toFixed(1)}, arrives in year ${(s.lands[k] / YEAR).toFixed(1)}`;
    } else text = `${this.names[mark.body]}\nnobody lives here`;
    this.tip.textContent = text;
    const right = mark.x > this.w * 0.6;
    this.tip.style.left = right ? "" : `${mark.x + 14}px`;
    this.tip.style.right = right ? `${this.w - mark.x + 14}px` : "";
    this.tip.style.top = `${Math.max(4, Math.min(this.h - 64, mark.y - 20))}px`;
  }

  click(e) {
    const mark = this.nearest(...this.spot(e), e.pointerType === "touch" ? 14 : 6);
    if (mark?.site) this.send("picked", mark.site.body);
    else if (mark) this.say(mark);
  }
}

Object.assign(Belt.prototype, PICTURES);
