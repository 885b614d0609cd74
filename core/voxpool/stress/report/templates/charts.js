(function () {
  "use strict";
  const charts = JSON.parse(document.getElementById("charts").textContent);
  const color = name => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  // "color:open" is the theme's colour of that name.
  const filled = value => {
    if (value === "color:heat") return [[0, color("heat-low")], [1, color("heat-high")]];
    if (typeof value === "string" && value.startsWith("color:")) return color(value.slice(6));
    if (Array.isArray(value)) return value.map(filled);
    if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, filled(v)]));
    return value;
  };
  const axis = (given) => Object.assign({ gridcolor: color("line"), linecolor: color("line"), zerolinecolor: color("line"),
    exponentformat: "none", tickmode: given.tickvals ? "array" : "auto", ticks: "outside", tickcolor: color("line"), automargin: true, tickfont: { size: 10 } }, given,
    { title: Object.assign({ font: { size: 11 }, standoff: 6 }, given.title) });
  const layout = chart => {
    const made = Object.assign({ paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", showlegend: true,
      margin: { l: 48, r: 16, t: 8, b: 36 }, font: { family: "DejaVu Sans, Noto Sans, Segoe UI, Arial, sans-serif", size: 11, color: color("muted") },
      legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0, font: { size: 11 } },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: color("faint"), activecolor: color("text") },
      hoverlabel: { bgcolor: color("raised"), bordercolor: color("line"), font: { color: color("text"), size: 11 } } }, filled(chart.layout));
    for (const name of ["xaxis", "yaxis", "yaxis2"]) if (made[name] || name !== "yaxis2") made[name] = axis(made[name] || {});
    return made;
  };
  const config = { displaylogo: false, responsive: true, modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]],
    toImageButtonOptions: { format: "png", scale: 2 } };
  const drawn = [];
  const place = chart => document.querySelector(`[data-chart="${chart.name}"]`);
  let following = false;
  const follow = (source, event) => {
    if (following) return;
    const from = event["xaxis.range[0]"], back = event["xaxis.autorange"];
    if (from === undefined && !back) return;
    following = true;
    const change = back ? { "xaxis.autorange": true } : { "xaxis.range": [from, event["xaxis.range[1]"]] };
    Promise.all(drawn.filter(each => each.chart.timed && each.div !== source).map(each => Plotly.relayout(each.div, change)))
      .finally(() => { following = false; });
  };
  for (const chart of charts) {
    const div = place(chart);
    Plotly.newPlot(div, filled(chart.data), layout(chart), config);
    if (chart.timed) div.on("plotly_relayout", event => follow(div, event));
    drawn.push({ chart, div });
  }
  const redraw = () => drawn.forEach(({ chart, div }) => Plotly.react(div, filled(chart.data), layout(chart), config));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  // Paper is light.
  addEventListener("beforeprint", () => { document.documentElement.dataset.theme = "light"; redraw(); });
  addEventListener("afterprint", () => { delete document.documentElement.dataset.theme; redraw(); });
  document.documentElement.dataset.drawn = String(drawn.length);
})();
