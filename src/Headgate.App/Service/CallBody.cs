using System.Text.Json;
using System.Text.Json.Nodes;
using Headgate.Jobs;
using Microsoft.AspNetCore.Http;

namespace Headgate.App.Service;

/// <summary>The bodies of calls. What cannot be read is a <see cref="Problem"/> of status 400, which says where.</summary>
internal static class CallBody
{
    private static readonly JsonReaderOptions Strict = new() { MaxDepth = RawJson.Deepest };

    /// <summary>Callers name no files of this machine.</summary>
    private static readonly JobRequestReader Requests = new(mayCall: true);

    /// <summary>The bytes of a body, at most <see cref="ServiceSite.LargestBody"/>.</summary>
    public static async Task<ReadOnlyMemory<byte>> ReadAsync(HttpContext context)
    {
        var bytes = new MemoryStream(context.Request.ContentLength is { } length and < 1 << 20 ? (int)length : 0);
        await context.Request.Body.CopyToAsync(bytes, context.RequestAborted);
        return bytes.GetBuffer().AsMemory(0, (int)bytes.Length);
    }

    /// <summary>One request.</summary>
    public static JobRequest Request(ReadOnlySpan<byte> json)
    {
        Members(json);
        return Requests.Read(json, out var fault) ?? throw Wrong(Told(json, fault!));
    }

    /// <summary>The requests in a member, each with the fault of those that are none.</summary>
    public static List<(JobRequest? Request, string? Error)> ManyRequests(ReadOnlyMemory<byte> json, string member)
    {
        if (!Members(json.Span).TryGetValue(member, out var value))
            throw Wrong($"{member} field is required");
        var list = json.Span[value];
        if (list[0] != (byte)'[')
            throw Wrong($"{member} must be a list");
        var requests = new List<(JobRequest?, string?)>();
        foreach (var item in Items(list))
            requests.Add(Requests.Read(list[item], out var fault) is { } request ? (request, null) : (null, Told(list[item], fault!)));
        return requests;
    }

    /// <summary>Whether a body has a member.</summary>
    public static bool Has(ReadOnlyMemory<byte> json, string member) => Members(json.Span).ContainsKey(member);

    /// <summary>The texts in a member.
    public static List<string> Texts(ReadOnlyMemory<byte> json, string member)
    {
        if (!Members(json.Span).TryGetValue(member, out var value))
            throw Wrong($"{member} field is required");
        using var list = Parse(json[value], member);
        return list.RootElement.ValueKind == JsonValueKind.Array && list.RootElement.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String)
            ? [.. list.RootElement.EnumerateArray().Select(item => item.GetString()!)]
            : throw Wrong($"{member} must be a list of texts");
    }

    /// <summary>A text in a member; null if it is not there.</summary>
    public static string? Text(ReadOnlyMemory<byte> json, string member)
    {
        if (!Members(json.Span).TryGetValue(member, out var value))
            return null;
        using var text = Parse(json[value], member);
        return text.RootElement.ValueKind == JsonValueKind.String ? text.RootElement.GetString() : throw Wrong($"{member} is a text");
    }

    /// <summary>Whether a member is true; false if it is not there.</summary>
    public static bool Flag(ReadOnlyMemory<byte> json, string member)
    {
        if (!Members(json.Span).TryGetValue(member, out var value))
            return false;
        using var flag = Parse(json[value], member);
        return flag.RootElement.ValueKind is JsonValueKind.True or JsonValueKind.False ? flag.RootElement.GetBoolean() : throw Wrong($"{member} is true or false");
    }

    /// <summary>A whole number in a member, or null where that is what it says.</summary>
    public static int? Number(ReadOnlyMemory<byte> json, string member, int least, int most)
    {
        if (!Members(json.Span).TryGetValue(member, out var value))
            throw Wrong($"{member} field is required");
        using var number = Parse(json[value], member);
        if (number.RootElement.ValueKind == JsonValueKind.Null)
            return null;
        return number.RootElement.ValueKind == JsonValueKind.Number && number.RootElement.TryGetInt32(out var whole) && whole >= least && whole <= most
            ? whole
            : throw Wrong($"{member} is a whole number from {least} to {most}, or null");
    }

    /// <summary>The JSON of a member.</summary>
    public static ReadOnlySpan<byte> Part(ReadOnlyMemory<byte> json, string member) =>
        Members(json.Span).TryGetValue(member, out var value) ? json.Span[value] : throw Wrong($"{member} field is required");

    /// <summary>A name in a member: 1 to 128 letters, digits, dots, colons, dashes and underscores. Null if it is not there.</summary>
    public static string? Name(ReadOnlyMemory<byte> json, string member)
    {
        if (!Members(json.Span).TryGetValue(member, out var value))
            return null;
        using var name = Parse(json[value], member);
        return name.RootElement.ValueKind == JsonValueKind.String && name.RootElement.GetString() is { Length: >= 1 and <= 128 } text && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or ':' or '-' or '_')
            ? text
            : throw Wrong($"{member} is a name of 1 to 128 letters, digits, dots, colons, dashes and underscores");
    }

    /// <summary>A JSON object with the members that another one gives in their place (RFC 7396).</summary>
    public static ReadOnlySpan<byte> Merged(ReadOnlyMemory<byte> json, ReadOnlyMemory<byte> patch)
    {
        Members(patch.Span);
        var (target, change) = (JsonNode.Parse(json.Span)!, JsonNode.Parse(patch.Span)!);
        Merge(target.AsObject(), change.AsObject());
        return System.Text.Encoding.UTF8.GetBytes(target.ToJsonString());
    }

    private static void Merge(JsonObject target, JsonObject patch)
    {
        foreach (var (name, value) in patch)
            if (value is null)
                target.Remove(name);
            else if (value is JsonObject members && target[name] is JsonObject those)
                Merge(those, members);
            else
                target[name] = value.DeepClone();
    }

    /// <summary>The texts in a member, or the one that stands there by itself.</summary>
    public static List<string> TextOrTexts(ReadOnlyMemory<byte> json, string member)
    {
        if (!Members(json.Span).TryGetValue(member, out var value))
            throw Wrong($"{member} field is required");
        if (json.Span[value][0] != (byte)'"')
            return Texts(json, member);
        using var text = Parse(json[value], member);
        return [text.RootElement.GetString()!];
    }

    /// <summary>A time in a member; the usual one if it is not there.</summary>
    public static TimeSpan Time(ReadOnlyMemory<byte> json, string member, TimeSpan usual)
    {
        if (!Members(json.Span).TryGetValue(member, out var value))
            return usual;
        using var time = Parse(json[value], member);
        return time.RootElement.ValueKind is JsonValueKind.Number or JsonValueKind.String && Headgate.Time.Duration.TryParse(time.RootElement.ToString(), out var span)
            ? span
            : throw Wrong($"{member} is a number of seconds, or a text such as \"5m\"");
    }

    private static JsonDocument Parse(ReadOnlyMemory<byte> json, string member)
    {
        var document = JsonDocument.Parse(json);
        try
        {
            // Half of a surrogate pair is found only by whoever reads the text.
            foreach (var text in document.RootElement.ValueKind == JsonValueKind.Array ? document.RootElement.EnumerateArray().AsEnumerable() : [document.RootElement])
                _ = text.ValueKind == JsonValueKind.String ? text.GetString() : null;
            return document;
        }
        catch (InvalidOperationException)
        {
            document.Dispose();
            throw Wrong($"{member}: {JobRequestReader.HalfSurrogate}");
        }
    }

    /// <summary>Where the values of an object's members are.</summary>
    private static Dictionary<string, Range> Members(ReadOnlySpan<byte> json)
    {
        var members = new Dictionary<string, Range>();
        try
        {
            var reader = new Utf8JsonReader(json, Strict);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                throw Wrong("the body must be a JSON object");
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.GetString()!;
                reader.Read();
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                members[name] = start..(int)reader.BytesConsumed;
            }
            reader.Read();
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException)
        {
            throw Wrong("Invalid JSON");
        }
        return members;
    }

    /// <summary>Where the items of an array are, which is known to be one.</summary>
    private static List<Range> Items(ReadOnlySpan<byte> json)
    {
        var items = new List<Range>();
        var reader = new Utf8JsonReader(json, Strict);
        reader.Read();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            items.Add(start..(int)reader.BytesConsumed);
        }
        return items;
    }

    // A request without a URL is what is met most; the original has these words for it.
    private static string Told(ReadOnlySpan<byte> json, RequestFault fault) =>
        json[0] == (byte)'{' && !Members(json).ContainsKey("url") ? "URL is required" : fault.Message;

    private static Problem Wrong(string error) => new(StatusCodes.Status400BadRequest, error);
}
