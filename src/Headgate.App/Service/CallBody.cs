using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Headgate.Jobs;
using Headgate.Time;
using Microsoft.AspNetCore.Http;

namespace Headgate.App.Service;

/// <summary>The body of a call, which is a JSON object. What cannot be read is a <see cref="Problem"/> of status 400, which says where. Immutable.</summary>
internal sealed class CallBody
{
    private static readonly JsonReaderOptions Strict = new() { MaxDepth = RawJson.Deepest };

    private static readonly JsonDocumentOptions Change = RawJson.Around with { AllowDuplicateProperties = false };

    /// <summary>As the original service has it.</summary>
    private const string InvalidJson = "Invalid JSON";

    /// <summary>Callers name no files of this machine.</summary>
    private static readonly JobRequestReader Requests = new(mayCall: true);

    private readonly ReadOnlyMemory<byte> _json;

    /// <summary>Where the values of its members are.</summary>
    private readonly Dictionary<string, Range> _members;

    /// <exception cref="Problem">It is no JSON object.</exception>
    public CallBody(ReadOnlyMemory<byte> json) => (_json, _members) = (json, Members(json.Span));

    /// <summary>The bytes of a body, at most <see cref="ServiceSite.LargestBody"/>.</summary>
    /// <exception cref="Problem">They are packed.</exception>
    public static async Task<ReadOnlyMemory<byte>> BytesAsync(HttpContext context)
    {
        if (context.Request.Headers.ContentEncoding is { Count: > 0 } packed && !"identity".Equals(packed, StringComparison.OrdinalIgnoreCase))
            throw new Problem(StatusCodes.Status415UnsupportedMediaType, "the body is packed (Content-Encoding): send it as it is; only /api/v1/requests:import unpacks gzip") { AcceptEncoding = "identity" };
        var bytes = new MemoryStream(context.Request.ContentLength is { } length and < 1 << 20 ? (int)length : 0);
        await context.Request.Body.CopyToAsync(bytes, context.RequestAborted);
        return bytes.GetBuffer().AsMemory(0, (int)bytes.Length);
    }

    /// <summary>The body of a call.</summary>
    /// <exception cref="Problem">It is no JSON object.</exception>
    public static async Task<CallBody> ReadAsync(HttpContext context) => new(await BytesAsync(context));

    /// <summary>The body of a call; null where it has none.</summary>
    /// <inheritdoc cref="ReadAsync"/>
    public static async Task<CallBody?> ReadIfAnyAsync(HttpContext context) => await BytesAsync(context) is { IsEmpty: false } json ? new(json) : null;

    /// <summary>It is one request.</summary>
    public JobRequest Request() => Requests.Read(_json.Span, out var fault) ?? throw Wrong(Told(_json.Span, fault!));

    /// <summary>The requests in a member, each with the fault of those that are none.</summary>
    public List<(JobRequest? Request, string? Error)> ManyRequests(string member)
    {
        var list = Part(member).Span;
        if (list[0] != (byte)'[')
            throw Wrong($"{member} must be a list");
        var requests = new List<(JobRequest?, string?)>();
        foreach (var item in Items(list))
            requests.Add(Requests.Read(list[item], out var fault) is { } request ? (request, null) : (null, Told(list[item], fault!)));
        return requests;
    }

    /// <summary>Looks whether it has members that nobody reads.</summary>
    /// <param name="names">Those that are read.</param>
    /// <exception cref="Problem">It has others.</exception>
    public CallBody With(params string[] names)
    {
        foreach (var name in _members.Keys)
            if (!names.Contains(name, StringComparer.Ordinal))
                throw Wrong($"unknown member \"{Excerpt.Of(name)}\"{Configuration.NearestName.Suggest(name, names)}");
        return this;
    }

    /// <summary>Whether it has a member.</summary>
    public bool Has(string member) => _members.ContainsKey(member);

    /// <summary>The JSON of a member.</summary>
    public ReadOnlyMemory<byte> Part(string member) => _members.TryGetValue(member, out var value) ? _json[value] : throw Wrong($"{member} field is required");

    /// <summary>The texts in a member.</summary>
    public List<string> Texts(string member) => Needed(member) is { ValueKind: JsonValueKind.Array } list && list.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String)
        ? [.. list.EnumerateArray().Select(item => item.GetString()!)]
        : throw Wrong($"{member} must be a list of texts");

    /// <summary>The texts in a member, or the one that stands there by itself.</summary>
    public List<string> TextOrTexts(string member) => Needed(member) is { ValueKind: JsonValueKind.String } text ? [text.GetString()!] : Texts(member);

    /// <summary>A text in a member; null if it is not there.</summary>
    public string? Text(string member) => Find(member) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        _ => throw Wrong($"{member} is a text"),
    };

    /// <summary>A name in a member: 1 to 128 letters, digits, dots, colons, dashes and underscores. Null if it is not there.</summary>
    public string? Name(string member) => Find(member) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } name when name.GetString() is { Length: >= 1 and <= 128 } text && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or ':' or '-' or '_') => text,
        _ => throw Wrong($"{member} is a name of 1 to 128 letters, digits, dots, colons, dashes and underscores"),
    };

    /// <summary>Whether a member is true; false if it is not there.</summary>
    public bool Flag(string member) => Find(member) switch
    {
        null => false,
        { ValueKind: JsonValueKind.True or JsonValueKind.False } flag => flag.GetBoolean(),
        _ => throw Wrong($"{member} is true or false"),
    };

    /// <summary>A whole number in a member, or null where that is what it says.</summary>
    public int? Number(string member, int least, int most) => Needed(member) switch
    {
        { ValueKind: JsonValueKind.Null } => null,
        { ValueKind: JsonValueKind.Number } number when number.TryGetInt32(out var whole) && whole >= least && whole <= most => whole,
        _ => throw Wrong($"{member} is a whole number from {least} to {most}, or null"),
    };

    /// <summary>A time in a member; the usual one if it is not there.</summary>
    public TimeSpan Time(string member, TimeSpan usual) => Find(member) switch
    {
        null => usual,
        { ValueKind: JsonValueKind.Number or JsonValueKind.String } time when Duration.TryParse(time.ToString(), out var span) => span,
        _ => throw Wrong($"{member} is a number of seconds, or a text such as \"5m\""),
    };

    /// <summary>A JSON object with the members that this one gives in their place (RFC 7396).</summary>
    public CallBody MergedInto(ReadOnlySpan<byte> json)
    {
        var target = JsonNode.Parse(json, documentOptions: RawJson.Around)!;
        try
        {
            Merge(target.AsObject(), JsonNode.Parse(_json.Span, documentOptions: Change)!.AsObject());
            return new CallBody(Encoding.UTF8.GetBytes(target.ToJsonString()));
        }
        // What is only echoed was never looked at: names may stand twice there, and texts may be none.
        catch (Exception wrong) when (wrong is JsonException or InvalidOperationException or ArgumentException)
        {
            throw Wrong("a member is given twice, or a name or a text in it is not valid Unicode");
        }
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

    private JsonElement Needed(string member) => Find(member) ?? throw Wrong($"{member} field is required");

    private JsonElement? Find(string member)
    {
        if (!_members.TryGetValue(member, out var value))
            return null;
        var found = JsonElement.Parse(_json.Span[value], RawJson.Around);
        try
        {
            // Half of a surrogate pair is found only by whoever reads the text.
            foreach (var text in found.ValueKind == JsonValueKind.Array ? found.EnumerateArray().AsEnumerable() : [found])
                _ = text.ValueKind == JsonValueKind.String ? text.GetString() : null;
            return found;
        }
        catch (InvalidOperationException)
        {
            throw Wrong($"{member}: {JobRequestReader.HalfSurrogate}");
        }
    }

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
        catch (JsonException broken)
        {
            var fault = JsonFault.From(broken, json);
            throw new Problem(StatusCodes.Status400BadRequest, InvalidJson) { Detail = $"{fault.Message}, at byte {fault.Offset + 1}" };
        }
        catch (InvalidOperationException)
        {
            throw Wrong(InvalidJson);
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
