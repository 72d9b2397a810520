using System.Text.Json;
using Headgate.Jobs;

namespace Headgate.App.Formats;

/// <summary>
/// A line of an OpenAI batch file: <c>{"custom_id","method","url","body"}</c>
/// (https://platform.openai.com/docs/api-reference/batch/request-input). Its URL is a path at the API's address.
/// </summary>
/// <param name="address">The API's address, with or without the path that the URLs begin with.</param>
internal sealed class OpenAiBatchFormat(Uri address) : JsonObjectFormat
{
    private static readonly string[] Members = ["custom_id", "method", "url", "body"];

    private readonly string _base = address.GetLeftPart(UriPartial.Path).TrimEnd('/');
    private readonly string _path = address.AbsolutePath.TrimEnd('/');

    protected override JobRequest? ReadObject(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        Expect(ref reader, JsonTokenType.StartObject, "not a JSON object");
        var (start, request, seen) = (reader.TokenStartIndex, new JobRequest(), new HashSet<string>());
        while (NextMember(ref reader) is { } name)
        {
            if (!Members.Contains(name))
                throw new RequestFaultException($"unknown member {RequestRules.Quote(name)}: a line has {string.Join(", ", Members)}", reader.TokenStartIndex);
            if (!seen.Add(name))
                throw new RequestFaultException($"{name} is given twice", reader.TokenStartIndex);
            switch (name)
            {
                case "custom_id":
                    request.Id = Text(ref reader, name);
                    break;
                case "method":
                    request.Method = Text(ref reader, name);
                    break;
                case "url":
                    request.SetUrl(AddressOf(Text(ref reader, name)));
                    break;
                case "body" when reader.TokenType != JsonTokenType.Null:
                    Expect(ref reader, JsonTokenType.StartObject, "body must be an object");
                    request.SetRawData(RawJson.OneLine(JobJson.Raw(ref reader, json)));
                    break;
            }
        }
        foreach (var needed in Members[..3])
            if (!seen.Contains(needed))
                throw new RequestFaultException($"{needed} is missing", start);
        return request;
    }

    private string AddressOf(string url)
    {
        if (!url.StartsWith('/'))
            return url.Contains("://", StringComparison.Ordinal) ? url : throw new ArgumentException($"url {RequestRules.Quote(url)} is a path that begins with /, for example /v1/chat/completions");
        // "https://api.openai.com/v1" and "/v1/embeddings" have the same beginning.
        var isDoubled = _path.Length > 0 && (url == _path || url.StartsWith(_path + "/", StringComparison.Ordinal));
        return (isDoubled ? _base[..^_path.Length] : _base) + url;
    }
}
