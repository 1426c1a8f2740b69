"use strict";
// Opens the view of prices and volumes: unpacks ECharts from the page and draws, when a reader asks for it and not before.
(() => {
  const section = document.getElementById("interactive");
  if (!section || typeof DecompressionStream === "undefined") return;
  section.hidden = false;
  const place = document.getElementById("interactive-chart");
  const chinese = () => document.getElementById("zh").checked;
  const say = (en, zh) => (chinese() ? zh : en);
  const number = (value, places) =>
    value === null || value === undefined ? "–" : value.toLocaleString("en", { minimumFractionDigits: places, maximumFractionDigits: places });

  async function unpacked() {
    const packed = atob(document.getElementById("interactive-echarts").textContent);
    const bytes = Uint8Array.from(packed, (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const script = document.createElement("script");
    script.textContent = await new Response(stream).text();
    document.head.append(script);
    return window.echarts;
  }

  function tooltip(data, points) {
    const box = document.createElement("div");
    const week = points[0].dataIndex;
    const line = (text, strong) => {
      const row = document.createElement("div");
      row.textContent = text;
      if (strong) row.style.fontWeight = "600";
      box.append(row);
    };
    line(data.weeks[week], true);
    const shown = new Set(points.map((point) => point.seriesName));
    for (const each of data.settings) {
      const name = say(each.en, each.zh);
      if (!shown.has(name)) continue;
      const price = `${number(each.middle[week], 2)} (${number(each.low[week], 2)} – ${number(each.high[week], 2)})`;
      line(say(`${name}: CNY ${price}, ${number(each.volume[week], 0)} t`, `${name}：${price} 元，${number(each.volume[week], 0)} 吨`));
    }
    return box;
  }

  function series(data) {
    return data.settings.flatMap((each, at) => {
      const name = say(each.en, each.zh), color = data.colours[at % data.colours.length];
      const shared = { name, type: "line", symbol: "none", color };
      const band = { ...shared, stack: `fan ${at}`, stackStrategy: "all", lineStyle: { opacity: 0 }, silent: true, tooltip: { show: false } };
      const width = each.high.map((value, week) => (value === null ? null : value - each.low[week]));
      return [
        { ...band, data: each.low },
        { ...band, data: width, areaStyle: { opacity: 0.14 } },
        { ...shared, data: each.middle, lineStyle: { width: 2 } },
        { ...shared, data: each.volume, xAxisIndex: 1, yAxisIndex: 1 },
      ];
    });
  }

  function option(data) {
    const axis = { type: "category", data: data.weeks, boundaryGap: false };
    const top = 20 + 22 * Math.ceil((data.settings.length * 120) / Math.max(300, place.clientWidth));
    return {
      animation: false,
      aria: { enabled: true },
      textStyle: { fontFamily: "inherit" },
      legend: { top: 0, left: 0, data: data.settings.map((each) => say(each.en, each.zh)) },
      tooltip: { trigger: "axis", confine: true, formatter: (points) => tooltip(data, points) },
      axisPointer: { link: [{ xAxisIndex: "all" }] },
      dataZoom: [
        { type: "inside", xAxisIndex: [0, 1] },
        { type: "slider", xAxisIndex: [0, 1], bottom: 6, height: 24 },
      ],
      grid: [
        { left: 62, right: 18, top: top + 20, height: 220 },
        { left: 62, right: 18, top: top + 290, height: 120 },
      ],
      xAxis: [{ ...axis, axisLabel: { show: false } }, { ...axis, gridIndex: 1 }],
      yAxis: [
        { name: say("CNY/t", "元/吨"), scale: true },
        { name: say("tonnes", "吨"), gridIndex: 1 },
      ],
      series: series(data),
    };
  }

  section.querySelector("details").addEventListener(
    "toggle",
    async () => {
      const data = JSON.parse(document.getElementById("interactive-data").textContent);
      const echarts = await unpacked();
      const chart = echarts.init(place);
      const draw = () => chart.setOption(option(data), true);
      draw();
      for (const radio of document.querySelectorAll("input[name=l]")) radio.addEventListener("change", draw);
      new ResizeObserver(() => { chart.resize(); draw(); }).observe(place);
    },
    { once: true },
  );
})();
