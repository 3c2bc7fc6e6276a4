const specs = JSON.parse(document.getElementById("specs").textContent);
for (const [key, spec] of Object.entries(specs)) {
  const place = document.getElementById("chart-" + key);
  vegaEmbed(place, spec, {renderer: "svg", actions: false}).catch(function (error) {
    place.textContent = "chart failed: " + error.message;
  });
}
