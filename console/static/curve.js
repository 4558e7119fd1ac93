"use strict";
/* The growth of an incident and its forecast; redrawn when the colour scheme changes. */
(() => {
  const AGAIN_EVERY = 15000;
  let chart = null;
  let data = null;

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const language = () => document.documentElement.lang;
  const clock = (at) => new Date(at).toLocaleString(language(), {
    month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hour12: false,
  });
  const integer = (number) => Math.round(number).toLocaleString(language());
  const place = () => document.getElementById("curve");
  const label = (one, words) => (one.hours === null ? words.week : window.tingfeng.fill(words.hours, { hours: one.hours }));
  const pairs = (points, value) => points.map((one) => [Date.parse(one.at), value(one)]);

  const ahead = (words) => {
    const line = data.ahead;
    if (!line.length) return [];
    const end = Date.parse(line.at(-1).at);
    const inside = data.horizons.filter((one) => Date.parse(one.at) <= end);
    const ink = colour("--positive-fill");
    const hidden = { type: "line", stack: "band", showSymbol: false, silent: true, lineStyle: { opacity: 0 }, tooltip: { show: false } };
    return [
      { ...hidden, name: "low", data: pairs(line, (one) => one.low), itemStyle: { color: "transparent" } },
      { ...hidden, name: words.band, data: pairs(line, (one) => one.high - one.low), itemStyle: { color: colour("--band") }, areaStyle: { opacity: 0.5, color: colour("--band") } },
      {
        name: words.forecast, type: "line", data: pairs(line, (one) => one.count), showSymbol: false, z: 3,
        lineStyle: { width: 3, type: [8, 6], color: ink }, itemStyle: { color: ink },
        markPoint: {
          symbol: "circle", symbolSize: 8, silent: true,
          label: { show: true, position: "top", distance: 6, color: colour("--ink"), fontWeight: 600, textBorderColor: colour("--sheet"), textBorderWidth: 3, formatter: (one) => one.name },
          data: inside.map((one) => ({ name: integer(one.count), coord: [Date.parse(one.at), one.count] })),
        },
      },
    ];
  };

  const icon = (name, words) => {
    if (name === words.band) return "roundRect";
    return name === words.forecast ? "path://M0,4h6v3h-6z M9,4h6v3h-6z M18,4h6v3h-6z" : "path://M0,4h24v3h-24z";
  };

  const draw = () => {
    const words = place().dataset;
    chart?.dispose();
    chart = window.echarts.init(place(), null, { renderer: "canvas" });
    const ink = colour("--ink-soft");
    const line = colour("--line");
    const series = [{
      name: words.actual, type: "line", data: data.times.map((at, index) => [Date.parse(at), data.counts[index]]),
      showSymbol: false, z: 4, lineStyle: { width: 3 }, itemStyle: { color: colour("--negative-fill") }, areaStyle: { opacity: 0.14 },
    }, ...ahead(words)];
    chart.setOption({
      animation: false,
      textStyle: { fontFamily: colour("--font") },
      aria: { enabled: true },
      tooltip: { trigger: "axis", renderMode: "richText", valueFormatter: integer },
      legend: { top: 0, itemWidth: 24, itemHeight: 10, textStyle: { color: ink }, data: series.filter((one) => one.name !== "low").map((one) => ({ name: one.name, icon: icon(one.name, words) })) },
      grid: { left: 8, right: 28, top: 44, bottom: 4, containLabel: true },
      xAxis: { type: "time", axisLabel: { color: ink, hideOverlap: true }, axisLine: { lineStyle: { color: line } } },
      yAxis: { type: "value", minInterval: 1, axisLabel: { color: ink }, splitLine: { lineStyle: { color: line } } },
      series,
    });
    showFigures(words);
  };

  /* The forecast as text, for screen readers and for quoting. */
  const showFigures = (words) => {
    const note = document.getElementById("curve-note");
    if (!data.counts.length) note.textContent = words.none;
    else note.textContent = data.ahead.length ? window.tingfeng.fill(words.note, { until: clock(data.times.at(-1)) }) : "";
    const list = document.getElementById("curve-figures");
    list.replaceChildren(...data.horizons.map((one) => {
      const [item, term, total, band] = ["div", "dt", "dd", "dd"].map((name) => document.createElement(name));
      term.textContent = label(one, words);
      total.textContent = integer(one.count);
      band.textContent = `${integer(one.low)}–${integer(one.high)}`;
      item.append(term, total, band);
      return item;
    }));
  };

  const load = async () => {
    if (!place()) return;
    try {
      const answer = await fetch(place().dataset.source);
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
