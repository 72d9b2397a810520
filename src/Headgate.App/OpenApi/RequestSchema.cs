using System.Text.Json.Nodes;
using Headgate.Jobs;

namespace Headgate.App.OpenApi;

/// <summary>The schema of a request, made of the table of its fields: a line of <c>run</c>, and the body of a submission.</summary>
internal static class RequestSchema
{
    private static readonly string[] Priorities = [.. Enum.GetNames<RequestPriority>().Select(name => name.ToLowerInvariant())];

    public static JsonObject Create()
    {
        var properties = new JsonObject();
        foreach (var field in Enum.GetValues<JobField>().Where(field => field is not (JobField.Unknown or JobField.BodyFile)))
        {
            var (type, description) = Of(field);
            if (field != JobField.Url)
                // What programs write for "none".
                type = new JsonObject { ["anyOf"] = new JsonArray(type, new JsonObject { ["type"] = "null" }) };
            type["description"] = description;
            properties[JobFieldNames.Of(field)] = type;
        }
        return new JsonObject { ["type"] = "object", ["properties"] = properties, ["required"] = new JsonArray(JobFieldNames.Of(JobField.Url)), ["additionalProperties"] = false };
    }

    /// <summary>A duration: seconds, or text with a unit.</summary>
    public static JsonObject Duration() => new() { ["anyOf"] = new JsonArray(new JsonObject { ["type"] = "number", ["minimum"] = 0 }, new JsonObject { ["type"] = "string" }), ["examples"] = new JsonArray(30, "250ms") };

    private static (JsonObject Type, string Description) Of(JobField field) => field switch
    {
        JobField.Id => (Text(), "The caller's own name for it, echoed with its result."),
        JobField.CustomId => (Text(), "The same as id."),
        JobField.Url => (new JsonObject { ["type"] = "string", ["pattern"] = "^[Hh][Tt][Tt][Pp][Ss]?://", ["maxLength"] = RequestRules.MaxUrl }, "An absolute URL, without a user name or password."),
        JobField.Method => (new JsonObject { ["type"] = "string" }, "GET by default."),
        JobField.Headers => (OneOrMany(new JsonObject { ["type"] = "string" }), "A string, or an array where a name has several values."),
        JobField.Params => (OneOrMany(new JsonObject { ["type"] = new JsonArray("string", "number", "boolean") }), "Added to the query of the URL."),
        JobField.Data => ([], "The body: a string as it is, anything else as JSON, or as a form where the headers say so."),
        JobField.BodyBase64 => (new JsonObject { ["type"] = "string", ["contentEncoding"] = "base64" }, "The body, in place of data."),
        JobField.Priority => (new JsonObject { ["anyOf"] = new JsonArray(new JsonObject { ["type"] = "integer", ["minimum"] = 1, ["maximum"] = 5 }, new JsonObject { ["type"] = "string" }), ["examples"] = new JsonArray([1, .. Priorities.Select(name => (JsonNode)name)]) }, "1 (critical) to 5 (background), or its name; 3 by default."),
        JobField.Timeout => (Ref("Duration"), "How long one attempt may take; 30 s by default."),
        JobField.Retries => (new JsonObject { ["type"] = "integer", ["minimum"] = 0, ["maximum"] = RequestRules.MaxRetries }, "How often it is tried again; 3 by default."),
        JobField.RetryDelay => (Ref("Duration"), "The base of the growing pause between attempts; 1 s by default."),
        JobField.Context => ([], "Echoed with the result."),
        JobField.Tags => (ObjectSchema.TypeOf("string[]"), "Words by which it can be found and routed."),
        JobField.Tenant => (Text(), "On whose behalf: tenants share fairly."),
        JobField.Queue => (Text(), "The named queue it stands in."),
        JobField.NotBefore => (Ref("Moment"), "It is not sent before."),
        JobField.StartBy => (Ref("Moment"), "It is not begun later."),
        JobField.Deadline => (Ref("Moment"), "It has an answer by then, or ends as too late."),
        JobField.IdempotencyKey => (Text(), "Sent as Idempotency-Key: it may be sent twice without harm."),
        JobField.Cost => (ObjectSchema.TypeOf("map integer"), "What it costs beside one request, by unit."),
        JobField.Country => (new JsonObject { ["type"] = "string", ["pattern"] = "^[A-Za-z]{2}$" }, "Where its answer is meant for."),
        JobField.Expect => (ObjectSchema.Of("status?: integer[]"), "Statuses that are as good as 2xx."),
        JobField.Callback => (ObjectSchema.Of("url: string; on?: string[]"), "Told when it has ended."),
        _ => throw new NotSupportedException($"{field} has no schema"),
    };

    private static JsonObject Text() => new() { ["type"] = "string", ["minLength"] = 1, ["maxLength"] = RequestRules.MaxText };

    private static JsonObject Ref(string name) => new() { ["$ref"] = ObjectSchema.Place + name };

    private static JsonObject OneOrMany(JsonObject one) => new()
    {
        ["type"] = "object",
        ["additionalProperties"] = new JsonObject { ["anyOf"] = new JsonArray(one, new JsonObject { ["type"] = "array", ["items"] = one.DeepClone() }) },
    };
}
