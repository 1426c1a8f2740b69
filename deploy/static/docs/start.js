// Starts Swagger UI. It has a file of its own because the policy of pages permits no script inside them
// (registry/kit/headers.py). Without a validator: by default Swagger UI has a public service validate the document.
window.ui = SwaggerUIBundle({
  url: "/docs/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
  showExtensions: true,
  showCommonExtensions: true,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIBundle.SwaggerUIStandalonePreset],
});
