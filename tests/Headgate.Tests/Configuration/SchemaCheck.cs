using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Headgate.Tests.Configuration;

/// <summary>As much of JSON Schema 2020-12 as our schema uses; an unknown keyword is an error, so that nothing passes unseen.</summary>
internal sealed class SchemaCheck(JsonObject root)
{
    public bool Passes(JsonNode schema, JsonNode? value)
    {
        if (schema is JsonValue whether)
            return whether.GetValue<bool>();
        return schema.AsObject().All(keyword => Passes(keyword.Key, keyword.Value!, schema.AsObject(), value));
    }

    private bool Passes(string keyword, JsonNode argument, JsonObject schema, JsonNode? value)
    {
        var kind = value?.GetValueKind() ?? JsonValueKind.Null;
        switch (keyword)
        {
            case "$schema" or "$defs" or "title" or "description" or "default" or "examples" or "format" or "contentEncoding":
                return true;
            case "$ref":
                return Passes(argument.GetValue<string>()["#/".Length..].Split('/').Aggregate((JsonNode)root, static (found, name) => found[name]!), value);
            case "anyOf":
                return argument.AsArray().Any(choice => Passes(choice!, value));
            case "enum":
                return argument.AsArray().Any(choice => JsonNode.DeepEquals(choice, value));
            case "type":
                return argument is JsonArray types ? types.Any(type => Passes(keyword, type!, schema, value)) : argument.GetValue<string>() switch
                {
                    "object" => kind == JsonValueKind.Object,
                    "array" => kind == JsonValueKind.Array,
                    "string" => kind == JsonValueKind.String,
                    "number" => kind == JsonValueKind.Number,
                    "integer" => kind == JsonValueKind.Number && Number(value) % 1 == 0,
                    "boolean" => kind is JsonValueKind.True or JsonValueKind.False,
                    "null" => kind == JsonValueKind.Null,
                    var other => throw new NotSupportedException(other),
                };
            case "minimum": return kind != JsonValueKind.Number || Number(value) >= Number(argument);
            case "maximum": return kind != JsonValueKind.Number || Number(value) <= Number(argument);
            case "exclusiveMinimum": return kind != JsonValueKind.Number || Number(value) > Number(argument);
            case "pattern": return kind != JsonValueKind.String || Regex.IsMatch(value!.GetValue<string>(), argument.GetValue<string>(), RegexOptions.ECMAScript, TimeSpan.FromSeconds(1));
            case "maxLength": return kind != JsonValueKind.String || value!.GetValue<string>().Length <= argument.GetValue<int>();
            case "minLength": return kind != JsonValueKind.String || value!.GetValue<string>().Length >= argument.GetValue<int>();
            case "minItems": return kind != JsonValueKind.Array || value!.AsArray().Count >= argument.GetValue<int>();
            case "items": return kind != JsonValueKind.Array || value!.AsArray().All(item => Passes(argument, item));
            case "required": return kind != JsonValueKind.Object || argument.AsArray().All(name => value!.AsObject().ContainsKey(name!.GetValue<string>()));
            case "propertyNames": return kind != JsonValueKind.Object || value!.AsObject().All(member => Passes(argument, JsonValue.Create(member.Key)));
            case "properties": return kind != JsonValueKind.Object || value!.AsObject().All(member => argument[member.Key] is not { } below || Passes(below, member.Value));
            case "additionalProperties":
                return kind != JsonValueKind.Object || value!.AsObject().All(member => schema["properties"]?[member.Key] is not null || Passes(argument, member.Value));
            default:
                throw new NotSupportedException(keyword);
        }
    }

    /// <summary>A number is a number, whether it was read or made of an int.</summary>
    private static double Number(JsonNode? value) => double.Parse(value!.ToJsonString(), CultureInfo.InvariantCulture);
}
