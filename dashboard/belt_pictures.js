// What the map of the belt looks like: everything `Belt` (belt_canvas.js) draws in a frame. Methods
// of its own kind, kept apart: they change nothing but pixels.
const PICTURES = {
  // Bodies: small round stamps that add up, so that crowds shine. Only pixels that were touched
  // are wiped.
  dust() {
    const W = this.dots.width, H = this.dots.height, { n, u, v, ratio, shades } = this;
    const size = Math.max(1, Math.round(ratio * (n > 20000 ? 1 : n > 2000 ? 1.5 : n > 500 ? 2.4 : 3.2)));
    if (!this.image) {
      this.image = this.d.createImageData(W, H);
      this.pixels = new Uint32Array(this.image.data.buffer);
      this.light = new Uint8ClampedArray(W * H);
      this.touched = new Int32Array(n * size * size);
      this.touches = 0;
      this.stamp = [];
      for (let y = 0; y < size; y++)
        for (let x = 0; x < size; x++) {
          const m = (size - 1) / 2, far = Math.hypot(x - m, y - m);
          this.stamp.push([y * W + x, size < 3 ? 1 : Math.max(0.1, Math.min(1, size / 2 + 0.2 - far))]);
        }
    }
    const { pixels, light, touched, stamp } = this;
    for (let k = 0; k < this.touches; k++) {
      pixels[touched[k]] = 0;
      light[touched[k]] = 0;
    }
    let count = 0;
    if (!this.density) {
      const bright = this.orbits.bright, half = size / 2, crowd = n > 20000 ? 0.5 : n > 2000 ? 0.8 : 1;
      for (let i = 0; i < n; i++) {
        const x = Math.floor(u[i] * ratio - half + 0.5), y = Math.floor(v[i] * ratio - half + 0.5);
        if (x < 0 || y < 0 || x + size > W || y + size > H) continue;
        const at = y * W + x, b = bright[i] * crowd;
        for (let k = 0; k < stamp.length; k++) {
          const p = at + stamp[k][0];
          light[p] += b * stamp[k][1];
          touched[count++] = p;
        }
      }
      for (let k = 0; k < count; k++) pixels[touched[k]] = shades[light[touched[k]]];
    }
    this.touches = count;
    this.d.putImageData(this.image, 0, 0);
  },

  paint() {
    const { c, ratio, w, h } = this;
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    c.clearRect(0, 0, w, h);
    this.cloud();
    this.rings();
    this.sun();
    this.marks = [];
    if (this.orbits && this.story) {
      this.row = this.record();
      const sites = this.inhabited();
      if (this.options.paths) this.paths(sites);
      const ships = this.ships();
      this.colonies(sites);
      this.tell(sites.length, ships);
    } else this.clock.textContent = "loading";
  },

  // The image of a plane is that plane, turned and stretched.
  cloud() {
    const k = this.density, c = this.c;
    if (!k) return;
    if (!k.picture || k.ink !== this.ink.join()) {
      k.ink = this.ink.join();
      k.picture = new OffscreenCanvas(k.cells, k.cells);
      const g = k.picture.getContext("2d"), image = g.createImageData(k.cells, k.cells);
      const pixels = new Uint32Array(image.data.buffer);
      for (let i = 0; i < pixels.length; i++) pixels[i] = this.shades[(k.count[i] * 0.5) | 0];
      g.putImageData(image, 0, 0);
    }
    const [a, b, d, f] = this.lens(), s = (this.scale * 2 * k.reach) / k.cells;
    c.save();
    c.translate(this.x0, this.y0);
    c.transform(a * s, d * s, -b * s, -f * s, 0, 0);
    c.drawImage(k.picture, -k.cells / 2, -k.cells / 2);
    c.restore();
  },

  rings() {
    const { c, scale, x0, y0 } = this, flat = Math.sin(this.tilt);
    c.lineWidth = 1;
    c.font = `11px ${this.font}`;
    c.textAlign = "center";
    for (const r of RINGS) {
      c.strokeStyle = this.shade(this.dark ? 0.16 : 0.2);
      c.beginPath();
      c.ellipse(x0, y0, r * scale, Math.max(0.01, r * scale * flat), 0, 0, TAU);
      c.stroke();
      const y = y0 + r * scale * flat;
      c.fillStyle = this.shade(0.65);
      c.strokeStyle = this.shade(0.85, this.paper);
      c.lineWidth = 3;
      c.strokeText(`${r} AU`, x0, y + 4);
      c.fillText(`${r} AU`, x0, y + 4);
      c.lineWidth = 1;
    }
  },

  sun() {
    const { c, x0, y0 } = this, glow = c.createRadialGradient(x0, y0, 2, x0, y0, 46);
    glow.addColorStop(0, "rgba(240,180,60,0.75)");
    glow.addColorStop(0.25, "rgba(240,170,50,0.22)");
    glow.addColorStop(1, "rgba(240,170,50,0)");
    c.fillStyle = glow;
    c.fillRect(x0 - 46, y0 - 46, 92, 92);
    c.fillStyle = this.dark ? "#FFE9A8" : "#F0A500";
    c.beginPath();
    c.arc(x0, y0, 5.5, 0, TAU);
    c.fill();
  },

  record() {
    const years = this.story.years, t = this.days / YEAR + 1e-6;
    let low = 0, high = years.length;
    while (low < high) {
      const mid = (low + high) >> 1;
      if (years[mid] <= t) low = mid + 1;
      else high = mid;
    }
    return Math.max(0, low - 1);
  },

  // The sites where somebody lives now, the greatest first; those of one body side by side.
  inhabited() {
    const s = this.story, S = s.body.length, found = [], at = this.row * S, guests = new Map();
    if (!s.years.length) return found;
    for (let k = 0; k < S; k++) if (s.robots[at + k]) found.push([k, s.robots[at + k]]);
    found.sort((a, b) => b[1] - a[1]);
    return found.map(([k, robots]) => {
      const body = s.body[k], before = guests.get(body) ?? 0, r = 2 + 0.6 * Math.log2(1 + robots);
      guests.set(body, before + 1);
      return { k, body, robots, r, x: this.u[body] + before * r * 1.2, y: this.v[body] };
    });
  },

  colour(table, k) {
    const all = this.options.legend, by = table[this.options.by];
    return by ? all[Math.min(by[k], all.length - 1)]?.[1] ?? "#999999" : this.shade(0.9);
  },

  // A circle through the ends of two vectors that belong together is an ellipse.
  arc(pu, pv, qu, qv, e, from, to) {
    const { c, ratio, scale, x0, y0 } = this, k = ratio * scale;
    c.beginPath();
    c.setTransform(pu * k, pv * k, qu * k, qv * k, ratio * x0 - e * pu * k, ratio * y0 - e * pv * k);
    c.arc(0, 0, 1, from, to);
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    c.stroke();
  },

  paths(sites) {
    const { c, pu, pv, qu, qv } = this, el = this.orbits.elements;
    c.lineWidth = 1;
    c.globalAlpha = sites.length > 100 ? 0.2 : 0.35;
    for (const { k, body: i } of sites) {
      c.strokeStyle = this.colour(this.story, k);
      this.arc(pu[i], pv[i], qu[i], qv[i], el[9 * i + 6], 0, TAU);
    }
    c.globalAlpha = 1;
  },

  ships() {
    const s = this.story, { c, days, scale, x0, y0 } = this, [a, b, d, f, g] = this.lens();
    const flown = { rank: s.flown_rank, lineage: s.flown_lineage };
    let number = 0;
    for (let k = 0; k < s.left.length; k++) {
      if (days < s.left[k] || days >= s.end[k]) continue;
      number++;
      const j = 9 * k, el = s.arcs, e = el[j + 6], lands = s.lands[k];
      const now = Math.min(days, lands), colour = this.colour(flown, k);
      const pu = a * el[j] + b * el[j + 1], pv = d * el[j] + f * el[j + 1] + g * el[j + 2];
      const qu = a * el[j + 3] + b * el[j + 4], qv = d * el[j + 3] + f * el[j + 4] + g * el[j + 5];
      const place = t => {
        if (e < 0) {
          const share = (t - s.left[k]) / Math.max(1e-9, lands - s.left[k]);
          return [pu + share * (qu - pu), pv + share * (qv - pv), share];
        }
        const E = eccentric(el[j + 7] + el[j + 8] * t, e, PAIR);
        const along = PAIR[1] - e;
        return [pu * along + qu * PAIR[0], pv * along + qv * PAIR[0], E];
      };
      const here = place(now), next = place(now + 1), first = place(s.left[k]), last = place(lands);
      c.strokeStyle = c.fillStyle = colour;
      const line = (from, to) => {
        if (e >= 0) return this.arc(pu, pv, qu, qv, e, from[2], to[2]);
        c.beginPath();
        c.moveTo(x0 + scale * from[0], y0 + scale * from[1]);
        c.lineTo(x0 + scale * to[0], y0 + scale * to[1]);
        c.stroke();
      };
      c.lineWidth = 1.25;
      c.globalAlpha = 0.6;
      line(first, here);
      c.globalAlpha = 0.45;
      c.setLineDash([2, 4]);
      line(here, last);
      c.setLineDash([]);
      c.globalAlpha = 1;
      const x = x0 + scale * here[0], y = y0 + scale * here[1];
      const turn = Math.atan2(next[1] - here[1], next[0] - here[0]);
      c.save();
      c.translate(x, y);
      c.rotate(turn);
      c.beginPath();
      c.moveTo(7, 0);
      c.lineTo(-4.5, 4.2);
      c.lineTo(-2.5, 0);
      c.lineTo(-4.5, -4.2);
      c.closePath();
      c.fill();
      c.strokeStyle = this.shade(0.9, this.paper);
      c.lineWidth = 1;
      c.stroke();
      c.restore();
      this.marks.push({ x, y, r: 7, ship: k });
    }
    return number;
  },

  colonies(sites) {
    const c = this.c;
    for (const site of sites) {
      const { k, x, y, r } = site;
      c.fillStyle = this.colour(this.story, k);
      if (sites.length <= 2000) {
        c.globalAlpha = this.dark ? 0.18 : 0.1;
        c.beginPath();
        c.arc(x, y, r * 1.8, 0, TAU);
        c.fill();
        c.globalAlpha = 1;
      }
      c.beginPath();
      c.arc(x, y, r, 0, TAU);
      c.fill();
      c.strokeStyle = this.shade(0.9, this.dark ? this.ink : this.paper);
      c.lineWidth = 1;
      c.stroke();
      this.marks.push({ x, y, r, site });
    }
    const i = this.options.chosen;
    if (i >= 0 && i < this.n) {
      const x = this.u[i], y = this.v[i];
      c.strokeStyle = this.shade(1);
      c.lineWidth = 2;
      c.beginPath();
      c.arc(x, y, 14, 0, TAU);
      c.stroke();
      c.font = `600 13px ${this.font}`;
      c.textAlign = x > this.w - 160 ? "right" : "left";
      c.strokeStyle = this.shade(0.9, this.paper);
      c.lineWidth = 4;
      c.fillStyle = this.shade(1);
      const side = c.textAlign === "right" ? x - 19 : x + 19;
      c.strokeText(this.names[i], side, y + 4);
      c.fillText(this.names[i], side, y + 4);
    }
  },

  tell(sites, ships) {
    const year = (this.days / YEAR).toFixed(1);
    this.clock.textContent =
      `year ${year} · ${sites.toLocaleString("en")} inhabited · ${ships.toLocaleString("en")} in flight`;
  },
};
