"""The readable page about the REST API: Swagger UI, served from here and within the policy of every other page."""

from drf_spectacular.views import SpectacularSwaggerSplitView


class ApiDocs(SpectacularSwaggerSplitView):
    """Open to everybody, like the schema: both say what the API can do, and nothing that it holds."""

    template_name = "sla_portal/api_docs.html"
    url_name = "schema"
    permission_classes = []
    authentication_classes = []
