using System.Text.Json.Nodes;

namespace Headgate.App.OpenApi;

/// <summary>
/// JSON schemas of objects, written in short: <c>id: string; next?: time?; jobs: Job[]; kind: 'a'|'b'; counts: map integer</c>. A question mark behind the
/// name: it may be missing; behind the type: it may be null; a name in capitals is that of another schema. Pure.
/// </summary>
internal static class ObjectSchema
{
    public const string Place = "#/components/schemas/";

    /// <summary>The schema of an object with these members and, unless it is open, no others.</summary>
    public static JsonObject Of(string members, bool isOpen = false)
    {
        var (properties, required) = (new JsonObject(), new JsonArray());
        foreach (var member in members.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var (name, type) = member.Split(':', 2, StringSplitOptions.TrimEntries) is [var left, var right] ? (left, right) : throw new FormatException(member);
            var isOptional = name.EndsWith('?');
            name = name.TrimEnd('?');
            properties[name] = TypeOf(type);
            if (!isOptional)
                required.Add(name);
        }
        var schema = new JsonObject { ["type"] = "object", ["properties"] = properties };
        if (required.Count > 0)
            schema["required"] = required;
        if (!isOpen)
            schema["additionalProperties"] = false;
        return schema;
    }

    /// <summary>The schema of a type.</summary>
    public static JsonObject TypeOf(string type)
    {
        if (type.EndsWith('?'))
            return OrNull(TypeOf(type[..^1]));
        if (type.EndsWith("[]", StringComparison.Ordinal))
            return new JsonObject { ["type"] = "array", ["items"] = TypeOf(type[..^2]) };
        if (type.StartsWith("map ", StringComparison.Ordinal))
            return new JsonObject { ["type"] = "object", ["additionalProperties"] = TypeOf(type[4..]) };
        if (type.StartsWith('\''))
            return new JsonObject { ["type"] = "string", ["enum"] = new JsonArray([.. type.Split('|').Select(word => (JsonNode)word.Trim('\''))]) };
        return type switch
        {
            "any" => [],
            "time" => new JsonObject { ["type"] = "string", ["format"] = "date-time" },
            "string" or "integer" or "number" or "boolean" or "object" => new JsonObject { ["type"] = type },
            _ when char.IsAsciiLetterUpper(type[0]) => new JsonObject { ["$ref"] = Place + type },
            _ => throw new FormatException(type),
        };
    }

    private static JsonObject OrNull(JsonObject schema)
    {
        if (schema["type"] is JsonValue type && schema["enum"] is null)
        {
            schema["type"] = new JsonArray((string)type!, "null");
            return schema;
        }
        return new JsonObject { ["anyOf"] = new JsonArray(schema, new JsonObject { ["type"] = "null" }) };
    }
}
