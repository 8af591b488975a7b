// The page at /docs: the API's own description in Swagger UI. Everything it loads comes from this origin.
const page = document.querySelector('#operations');

window.SwaggerUIBundle({
  url: '/openapi.json',
  domNode: page,
  deepLinking: true,
  filter: true,
  tryItOutEnabled: true,
  persistAuthorization: false,
  displayRequestDuration: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  // No badge: its validator is another origin.
  validatorUrl: null,
  onComplete: () => page.setAttribute('aria-busy', 'false'),
});
