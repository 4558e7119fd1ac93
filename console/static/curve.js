"use strict";
/* Posts of an incident so far, and what is expected. Drawn again when the theme changes. */
(() => {
  const AGAIN_EVERY = 15000;
  let chart = null;
  let data = null;

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const clock = (at) => new Date(at).toLocaleString(document.documentElement.lang, {
    month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hour12: false,
  });
  const place = () => document.getElementById("curve");

  const points = () => data.times.map((at, index) => [Date.parse(at), data.counts[index]]);

  const ahead = () => {
    if (data.until === null || data.forecast === null) return null;
    const last = points().at(-1);
    const end = Date.parse(data.until);
    const low = data.low ?? data.forecast;
    const high = data.high ?? data.forecast;
    return {
      line: [last, [end, data.forecast]],
      low: [last, [end, low]],
      span: [[last[0], 0], [end, Math.max(0, high - low)]],
    };
  };

  const draw = () => {
    const words = place().dataset;
    chart?.dispose();
    chart = window.echarts.init(place(), null, { renderer: "canvas" });
    const ink = colour("--ink-soft");
    const line = colour("--line");
    const found = ahead();
    const series = [{
      name: words.actual, type: "line", data: points(), showSymbol: false, lineStyle: { width: 3 },
      itemStyle: { color: colour("--negative-fill") }, areaStyle: { opacity: 0.12 },
    }];
    if (found) {
      const hidden = { type: "line", stack: "band", showSymbol: false, silent: true, lineStyle: { opacity: 0 } };
      series.push(
        { ...hidden, name: "low", data: found.low, itemStyle: { color: "transparent" }, tooltip: { show: false } },
        { ...hidden, name: words.band, data: found.span, itemStyle: { color: colour("--band") }, areaStyle: { opacity: 0.45, color: colour("--band") }, tooltip: { show: false } },
        { name: words.forecast, type: "line", data: found.line, showSymbol: false, lineStyle: { width: 2, type: "dashed" }, itemStyle: { color: colour("--positive-fill") } },
      );
    }
    chart.setOption({
      animation: false,
      textStyle: { fontFamily: colour("--font") },
      aria: { enabled: true },
      tooltip: { trigger: "axis", renderMode: "richText", valueFormatter: (n) => Math.round(n).toLocaleString(document.documentElement.lang) },
      legend: { top: 0, textStyle: { color: ink }, data: series.filter((one) => one.name !== "low").map((one) => ({ name: one.name, icon: one.name === words.band ? "roundRect" : "inherit" })) },
      grid: { left: 8, right: 20, top: 36, bottom: 4, containLabel: true },
      xAxis: { type: "time", axisLabel: { color: ink, hideOverlap: true }, axisLine: { lineStyle: { color: line } } },
      yAxis: { type: "value", minInterval: 1, axisLabel: { color: ink }, splitLine: { lineStyle: { color: line } } },
      series,
    });
    const note = document.getElementById("curve-note");
    if (!data.counts.length) note.textContent = words.none;
    else note.textContent = found ? window.tingfeng.fill(words.note, { until: clock(data.times.at(-1)) }) : "";
  };

  const load = async () => {
    if (!place()) return;
    try {
      const answer = await fetch(place().dataset.source);
      if (!answer.ok) return;
      data = await answer.json();
      draw();
    } catch {
      /* Offline: the head says so, and the next try comes. */
    }
  };

  document.addEventListener("DOMContentLoaded", () => {
    load();
    setInterval(() => !document.hidden && load(), AGAIN_EVERY);
    window.addEventListener("resize", () => chart?.resize());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => data && draw());
  });
})();
