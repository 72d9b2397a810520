using System.Text.Json;
using Headgate.Jobs;

namespace Headgate.App.Formats;

/// <summary>
/// A target of vegeta in JSON: <c>{"method","url","body" (base64),"header":{"name":["value"]}}</c>
/// (https://github.com/tsenart/vegeta, README, "-format", lib/target.schema.json).
/// </summary>
internal sealed class VegetaJsonFormat : JsonObjectFormat
{
    private static readonly string[] Members = ["method", "url", "body", "header"];

    protected override JobRequest? ReadObject(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        Expect(ref reader, JsonTokenType.StartObject, "not a JSON object");
        var (start, request, seen) = (reader.TokenStartIndex, new JobRequest(), new HashSet<string>());
        while (NextMember(ref reader) is { } name)
        {
            if (!seen.Add(name))
                throw new RequestFaultException($"{name} is given twice", reader.TokenStartIndex);
            switch (name)
            {
                case "method":
                    request.Method = Text(ref reader, name);
                    break;
                case "url":
                    request.SetUrl(Text(ref reader, name));
                    break;
                case "body" when reader.TokenType != JsonTokenType.Null:
                    request.Body = reader.TokenType == JsonTokenType.String && reader.TryGetBytesFromBase64(out var body) ? body
                        : throw new RequestFaultException("body must be a string of base64", reader.TokenStartIndex);
                    break;
                case "header" when reader.TokenType != JsonTokenType.Null:
                    JobJson.ReadHeaders(ref reader, request.Headers);
                    break;
                case "body" or "header":
                    break;
                default:
                    throw new RequestFaultException($"unknown member {RequestRules.Quote(name)}: a target has {string.Join(", ", Members)}", reader.TokenStartIndex);
            }
        }
        foreach (var needed in Members[..2])
            if (!seen.Contains(needed))
                throw new RequestFaultException($"{needed} is missing", start);
        // No body and an empty one are the same to vegeta.
        if (request.Body is { IsEmpty: true })
            request.Body = null;
        return request;
    }
}
