using System.Text;
using System.Text.Json;
using Headgate.Jobs;

namespace Headgate.App.Formats;

/// <summary>
/// An entry of an HTTP archive, HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/), of which the request is taken:
/// <c>method</c>, <c>url</c>, <c>headers</c>, <c>postData</c>. What is no request of HTTP (data:, blob:, WebSocket) is passed over.
/// </summary>
internal sealed class HarEntryFormat : JsonObjectFormat
{
    /// <summary>How many entries were passed over.</summary>
    public int PassedOver { get; private set; }

    protected override JobRequest? ReadObject(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        Expect(ref reader, JsonTokenType.StartObject, "an entry must be an object");
        var (start, wasFound, request) = (reader.TokenStartIndex, false, (JobRequest?)null);
        while (NextMember(ref reader) is { } name)
            if (name == "request")
                (wasFound, request) = (true, ReadRequest(ref reader));
            else
                reader.Skip();
        if (!wasFound)
            throw new RequestFaultException("the entry has no request", start);
        PassedOver += request is null ? 1 : 0;
        return request;
    }

    private static JobRequest? ReadRequest(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.StartObject, "request must be an object");
        var (start, url, method) = (reader.TokenStartIndex, (string?)null, "GET");
        var headers = new List<(string Name, string Value)>();
        HarBody? body = null;
        while (NextMember(ref reader) is { } name)
            switch (name)
            {
                case "url":
                    url = Text(ref reader, name);
                    break;
                case "method":
                    method = Text(ref reader, name);
                    break;
                case "headers":
                    headers = ReadPairs(ref reader, name);
                    break;
                case "postData":
                    body = ReadBody(ref reader);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        if (url is null)
            throw new RequestFaultException("request: url is missing", start);
        return IsHttp(url) && !method.Equals("CONNECT", StringComparison.OrdinalIgnoreCase) ? Make(url, method, headers, body, start) : null;
    }

    private static JobRequest Make(string url, string method, List<(string Name, string Value)> headers, HarBody? body, long start)
    {
        try
        {
            var request = new JobRequest(url) { Method = method.Length == 0 ? "GET" : method };
            foreach (var (name, value) in headers)
                if (!IsOfTheBrowser(name, value, url))
                    request.Headers.Add(name, value);
            if (body?.Bytes() is not { Length: > 0 } bytes)
                return request;
            request.Body = bytes;
            if (body.MimeType.Length > 0 && !request.Headers.Contains("Content-Type"))
                request.Headers.Add("Content-Type", body.MimeType);
            return request;
        }
        catch (ArgumentException rule)
        {
            throw new RequestFaultException(rule.Message, start);
        }
    }

    /// <summary>What belongs to its connection, or says what it can unpack, is for whoever sends it now.</summary>
    private static bool IsOfTheBrowser(string name, string value, string url) =>
        name.StartsWith(':') || HeaderRules.IsOfConnection(name) || name.Equals("Accept-Encoding", StringComparison.OrdinalIgnoreCase)
        || (name.Equals("Host", StringComparison.OrdinalIgnoreCase) && RequestRules.AuthorityOf(url).Equals(value, StringComparison.OrdinalIgnoreCase));

    private static bool IsHttp(string url) => url.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || url.StartsWith("https://", StringComparison.OrdinalIgnoreCase);

    private static HarBody? ReadBody(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Null)
            return null;
        Expect(ref reader, JsonTokenType.StartObject, "postData must be an object");
        var body = new HarBody { Start = reader.TokenStartIndex };
        while (NextMember(ref reader) is { } name)
            switch (name)
            {
                case "mimeType":
                    body.MimeType = Text(ref reader, name);
                    break;
                case "text" when reader.TokenType != JsonTokenType.Null:
                    body.Text = Text(ref reader, name);
                    break;
                // Of HAR 1.3, and of those who write bodies that are no text.
                case "encoding" when reader.TokenType != JsonTokenType.Null:
                    body.IsBase64 = Text(ref reader, name) == "base64";
                    break;
                case "params" when reader.TokenType != JsonTokenType.Null:
                    body.Params = ReadPairs(ref reader, name);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        return body;
    }

    /// <summary>A list of objects with a name and a value.</summary>
    private static List<(string Name, string Value)> ReadPairs(ref Utf8JsonReader reader, string list)
    {
        Expect(ref reader, JsonTokenType.StartArray, $"{list} must be an array of objects with name and value");
        var pairs = new List<(string, string)>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            Expect(ref reader, JsonTokenType.StartObject, $"{list} must be an array of objects with name and value");
            var (start, name, value) = (reader.TokenStartIndex, (string?)null, "");
            while (NextMember(ref reader) is { } member)
                if (member == "name")
                    name = Text(ref reader, $"{list}: name");
                else if (member == "value" && reader.TokenType != JsonTokenType.Null)
                    value = Text(ref reader, $"{list}: value");
                else
                    reader.Skip();
            pairs.Add((name ?? throw new RequestFaultException($"{list}: a name is missing", start), value));
        }
        return pairs;
    }

    /// <summary><c>postData</c>: the text of a body, or the fields of a form.</summary>
    private sealed class HarBody
    {
        public long Start { get; init; }

        public string MimeType { get; set; } = "";

        public string? Text { get; set; }

        public bool IsBase64 { get; set; }

        public List<(string Name, string Value)> Params { get; set; } = [];

        public byte[] Bytes()
        {
            if (Text is { Length: > 0 } && !IsBase64)
                return Encoding.UTF8.GetBytes(Text);
            if (Text is { Length: > 0 })
                try
                {
                    return Convert.FromBase64String(Text);
                }
                catch (FormatException)
                {
                    throw new RequestFaultException("postData: text is not base64, although its encoding says so", Start);
                }
            if (Params.Count > 0 && !MimeType.StartsWith(FormBody.MediaType, StringComparison.OrdinalIgnoreCase))
                throw new RequestFaultException("postData: the fields of this form are here, but not its text, so that its files would be missing; send it by hand", Start);
            return Encoding.UTF8.GetBytes(string.Join('&', Params.Select(field => $"{Escaped(field.Name)}={Escaped(field.Value)}")));
        }

        // Some write the fields as they were sent, others decoded; what is encoded already stays.
        private static string Escaped(string text) => Uri.EscapeDataString(Uri.UnescapeDataString(text.Replace('+', ' '))).Replace("%20", "+", StringComparison.Ordinal);
    }
}
