"use strict";
/* The chart of mentions by sentiment; redrawn when the colour scheme changes. */
(() => {
  const { words, fill } = window.tingfeng;
  const AGAIN_EVERY = 15000;
  let chart = null;
  let data = null;

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const clock = (at) => new Date(at).toLocaleString(document.documentElement.lang, {
    month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hour12: false,
  });

  const draw = () => {
    const place = document.getElementById("chart");
    chart?.dispose();
    chart = window.echarts.init(place, null, { renderer: "canvas" });
    const start = Date.parse(data.since);
    const times = data.negative.map((_, bar) => clock(start + bar * data.bar_seconds * 1000));
    const ink = colour("--ink-soft");
    const series = (name, decal) => ({
      name: words[name], type: "bar", stack: "all", data: data[name], barCategoryGap: "20%",
      itemStyle: { color: colour(`--${name}-fill`), decal },
    });
    chart.setOption({
      animation: false,
      textStyle: { fontFamily: colour("--font") },
      aria: { enabled: true },
      tooltip: { trigger: "axis", renderMode: "richText", axisPointer: { type: "shadow" } },
      legend: { top: 0, textStyle: { color: ink } },
      grid: { left: 8, right: 8, top: 36, bottom: 4, containLabel: true },
      xAxis: { type: "category", data: times, axisLabel: { color: ink, hideOverlap: true }, axisLine: { lineStyle: { color: colour("--line") } } },
      yAxis: { type: "value", minInterval: 1, axisLabel: { color: ink }, splitLine: { lineStyle: { color: colour("--line") } } },
      series: [
        series("negative", { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 4], rotation: -0.7, color: "rgba(0,0,0,.25)" }),
        series("neutral"),
        series("positive"),
      ],
    });
    const total = [...data.negative, ...data.neutral, ...data.positive].reduce((a, b) => a + b, 0);
    const note = total ? fill(words.total, { n: total.toLocaleString(document.documentElement.lang) }) : words.empty;
    document.getElementById("chart-note").textContent = data.cut ? `${note} ${words.cut}` : note;
  };

  const load = async () => {
    const place = document.getElementById("chart");
    try {
      const answer = await fetch(place.dataset.source);
      if (!answer.ok) return;
      data = await answer.json();
      draw();
    } catch {
      /* Offline: the head of the page shows it, and the next interval tries again. */
    }
  };

  document.addEventListener("DOMContentLoaded", () => {
    load();
    setInterval(() => !document.hidden && load(), AGAIN_EVERY);
    window.addEventListener("resize", () => chart?.resize());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => data && draw());
  });
})();
