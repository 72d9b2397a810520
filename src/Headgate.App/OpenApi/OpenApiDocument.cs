using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Headgate.App.Commands;
using Headgate.App.Security;
using Headgate.Configuration;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.WebUtilities;

namespace Headgate.App.OpenApi;

/// <summary>The calls of the service as OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.1.html), made of the pages that it has.</summary>
internal static partial class OpenApiDocument
{
    /// <summary>The methods of a page that takes any.</summary>
    private static readonly string[] AnyMethod = ["GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE"];

    /// <summary>The document of these pages.</summary>
    public static JsonObject Create(IEnumerable<RouteEndpoint> pages)
    {
        var paths = new SortedDictionary<string, JsonObject>(StringComparer.Ordinal);
        foreach (var (method, route) in CallsOf(pages))
            foreach (var (path, described) in Describe(method, route))
            {
                if (!paths.TryGetValue(path, out var methods))
                    paths.Add(path, methods = new JsonObject { ["parameters"] = PathParameters(path) });
                methods[method.ToLowerInvariant()] = described;
            }
        return new JsonObject
        {
            ["openapi"] = "3.1.0",
            ["info"] = new JsonObject { ["title"] = "Headgate", ["version"] = VersionCommand.Version, ["description"] = "Sends HTTP requests exactly within rate limits, and loses none." },
            ["paths"] = new JsonObject(paths.Select(path => KeyValuePair.Create(path.Key, (JsonNode?)path.Value))),
            ["components"] = new JsonObject
            {
                ["schemas"] = Schemas.Create(),
                ["responses"] = new JsonObject { ["Problem"] = new JsonObject { ["description"] = "Why the call was refused.", ["content"] = Content("application/problem+json", "Problem") } },
                ["securitySchemes"] = new JsonObject
                {
                    ["token"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer", ["description"] = "A token of headgate tokens; needed once there is one." },
                    ["header"] = new JsonObject { ["type"] = "apiKey", ["in"] = "header", ["name"] = "Headgate-Token" },
                },
            },
        };
    }

    /// <summary>The calls that pages take: method, and pattern of the path. What takes every path there is has none of its own.</summary>
    public static IEnumerable<(string Method, string Route)> CallsOf(IEnumerable<RouteEndpoint> pages) =>
        from page in pages
        let route = page.RoutePattern.RawText
        where route is not null && !route.StartsWith("{*", StringComparison.Ordinal)
        // The head of a page is the page without its body.
        from method in page.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods is { Count: > 0 } known ? known.Where(method => method != "HEAD") : AnyMethod
        select (method, route);

    /// <summary>A pattern as OpenAPI writes it.</summary>
    public static string PathOf(string route) => route.Replace("{**", "{", StringComparison.Ordinal);

    private static IEnumerable<(string Path, JsonObject Described)> Describe(string method, string route)
    {
        var isAny = !Operations.All.TryGetValue((method, route), out var operation) && Operations.All.TryGetValue(("*", route), out operation);
        // One that nobody has described is there all the same.
        operation ??= new Operation($"{method.ToLowerInvariant()}{Word().Replace(route, "_")}", "Others", $"{method} {route}") { Answers = [] };
        if (isAny)
            operation = operation with { Id = $"{operation.Id}{method[0]}{method[1..].ToLowerInvariant()}" };
        return operation.Paths.Count == 0 ? [(PathOf(route), Describe(method, route, operation))]
            : operation.Paths.Select(path => (path.Path, Describe(method, route, operation with { Id = path.Id, Summary = path.Summary })));
    }

    private static JsonObject Describe(string method, string route, Operation operation)
    {
        var described = new JsonObject
        {
            ["operationId"] = operation.Id,
            ["tags"] = new JsonArray(operation.Tag),
            ["summary"] = operation.Summary,
        };
        var parameters = new JsonArray();
        foreach (var (name, description) in operation.Query)
            parameters.Add(Parameter(name, "query", description, name == operation.NeededQuery));
        foreach (var (name, description) in operation.Headers)
            parameters.Add(Parameter(name, "header", description, isNeeded: false));
        if (parameters.Count > 0)
            described["parameters"] = parameters;
        if (operation.Body is { } body)
            described["requestBody"] = new JsonObject { ["required"] = operation.NeedsBody, ["content"] = Content(operation.BodyType, body) };
        described["responses"] = Responses(operation);
        var need = CallNeeds.Of(method, route);
        described["security"] = need.IsForAnybody ? new JsonArray()
            : new JsonArray(new JsonObject(), new JsonObject { ["token"] = Scopes(need) }, new JsonObject { ["header"] = Scopes(need) });
        return described;
    }

    private static JsonArray Scopes(CallNeed need) => new([.. AccessScopeNames.NamesOf(need.Scope).Select(name => (JsonNode)name)]);

    private static JsonObject Responses(Operation operation)
    {
        var responses = new JsonObject();
        foreach (var (status, schema) in operation.Answers)
            responses[$"{status}"] = schema == "Problem" ? Problem() : Response(status, schema, operation.AnswerType);
        responses["default"] = operation.PassesOn ? new JsonObject { ["description"] = "The answer of the API, or a problem of ours." } : Problem();
        return responses;
    }

    private static JsonObject Response(int status, string? schema, string type)
    {
        var response = new JsonObject { ["description"] = ReasonPhrases.GetReasonPhrase(status) };
        if (schema is not null)
            response["content"] = Content(type, schema);
        return response;
    }

    private static JsonObject Problem() => new() { ["$ref"] = "#/components/responses/Problem" };

    private static JsonObject Content(string type, string schema) => new() { [type] = new JsonObject { ["schema"] = ObjectSchema.TypeOf(schema) } };

    private static JsonObject Parameter(string name, string place, string description, bool isNeeded)
    {
        var parameter = new JsonObject { ["name"] = name, ["in"] = place, ["description"] = description, ["schema"] = ObjectSchema.TypeOf("string") };
        if (isNeeded)
            parameter["required"] = true;
        return parameter;
    }

    private static JsonArray PathParameters(string path) => new([.. Parameters().Matches(path).Select(match => (JsonNode)new JsonObject { ["name"] = match.Groups["name"].Value, ["in"] = "path", ["required"] = true, ["schema"] = ObjectSchema.TypeOf("string") })]);

    [GeneratedRegex(@"\{(?<name>[a-z]+)\}", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Parameters();

    [GeneratedRegex("[^A-Za-z0-9]+", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Word();
}
