using System.Collections.ObjectModel;
using System.Text.Json;

namespace Headgate.Jobs;

/// <summary>
/// A request to be done: what to send, how urgent it is, until when, and what to echo with its result. The same members, in snake
/// case, are a line of an input file and the body of a submission over REST. Every setter checks its value, so that a request
/// that exists can be sent.
/// </summary>
/// <remarks>Not thread-safe while it is being changed; not to be changed once it was submitted.</remarks>
public sealed class JobRequest
{
    private Uri _url = null!;
    private JobFields? _headers;
    private JobFields? _params;
    private ReadOnlyMemory<byte> _data;
    private ReadOnlyMemory<byte>? _body;
    private string? _bodyFile;

    /// <summary>A GET of a URL.</summary>
    /// <param name="url">An absolute http or https URL without user name and password, at most 64 KiB.</param>
    /// <exception cref="ArgumentException">It is not such a URL; the message says what is wrong.</exception>
    public JobRequest(string url)
    {
        ArgumentNullException.ThrowIfNull(url);
        SetUrl(url);
    }

    internal JobRequest() { }

    /// <summary>The caller's own name for the request (<c>id</c> or <c>custom_id</c>); 1 to 1,024 characters, none by default.</summary>
    /// <exception cref="ArgumentException">It is empty, too long or has control characters.</exception>
    public string? Id { get; set => field = RequestRules.CheckText("id", value); }

    /// <summary>The URL as it was given, without <see cref="Params"/>.</summary>
    public string Url => _url.OriginalString;

    /// <summary>The method; <c>GET</c> by default. The usual ones are written in capitals however they are given.</summary>
    /// <exception cref="ArgumentException">It is not a token of HTTP, or it is CONNECT.</exception>
    public string Method { get; set => field = RequestRules.CheckMethod(value); } = "GET";

    /// <summary>The headers, at most 64 KiB; none by default. Framing headers such as Content-Length are refused.</summary>
    public JobFields Headers => _headers ??= JobFields.Headers();

    /// <summary>Parameters that are added to the URL's query, percent-encoded; none by default.</summary>
    public JobFields Params => _params ??= JobFields.Params();

    /// <summary>
    /// A body given as JSON, null for none. A string is sent as it is; anything else is sent as JSON, with <c>content-type:
    /// application/json</c> unless <see cref="Headers"/> say otherwise, or as a form where they say
    /// <c>application/x-www-form-urlencoded</c>. Replaces <see cref="Body"/> and <see cref="BodyFile"/>.
    /// </summary>
    public JsonElement? Data
    {
        get => RawJson.Parse(_data);
        set
        {
            if (value is { ValueKind: JsonValueKind.String } text)
                Body = System.Text.Encoding.UTF8.GetBytes(text.GetString()!);
            else
                SetRawData(RawJson.Of(value));
        }
    }

    /// <summary>A body given as bytes, null for none. Replaces <see cref="Data"/> and <see cref="BodyFile"/>.</summary>
    public ReadOnlyMemory<byte>? Body
    {
        get => _body;
        set => (_body, _data, _bodyFile) = (value, default, null);
    }

    /// <summary>The path of a file whose bytes are the body, null for none. Replaces <see cref="Data"/> and <see cref="Body"/>.</summary>
    /// <exception cref="ArgumentException">It is empty, too long or has control characters.</exception>
    public string? BodyFile
    {
        get => _bodyFile;
        set => (_bodyFile, _data, _body) = (RequestRules.CheckText("body_file", value), default, null);
    }

    /// <summary>How urgent it is; <see cref="RequestPriority.Medium"/> by default.</summary>
    /// <exception cref="ArgumentException">It is not one of the five.</exception>
    public RequestPriority Priority { get; set => field = RequestRules.CheckPriority(value); } = RequestPriority.Medium;

    /// <summary>How long one attempt may take, without its wait for a permit; null for the API's or the run's (30 s).</summary>
    /// <exception cref="ArgumentException">It is not above zero, or longer than ten years.</exception>
    public TimeSpan? Timeout { get; set => field = RequestRules.CheckTimeout(value); }

    /// <summary>How many further attempts a failure may cost, 0 to 1,000; null for the API's or the run's (3).</summary>
    /// <exception cref="ArgumentException">It is out of range.</exception>
    public int? Retries { get; set => field = RequestRules.CheckRetries(value); }

    /// <summary>The base of the growing pause between attempts; null for the API's or the run's (1 s).</summary>
    /// <exception cref="ArgumentException">It is negative, or longer than ten years.</exception>
    public TimeSpan? RetryDelay { get; set => field = RequestRules.CheckRetryDelay(value); }

    /// <summary>Any JSON, echoed in the result; null for none.</summary>
    public JsonElement? Context
    {
        get => RawJson.Parse(RawContext);
        set => RawContext = RawJson.Of(value);
    }

    /// <summary>Words by which requests can be found and routed, each 1 to 1,024 characters; none by default.</summary>
    /// <exception cref="ArgumentException">One of them is empty, too long or has control characters.</exception>
    public IReadOnlyList<string> Tags { get; set => field = [.. value.Select(tag => RequestRules.CheckText("tag", tag)!)]; } = [];

    /// <summary>On whose behalf it is sent: inside a priority tenants share fairly; null for the default tenant.</summary>
    /// <exception cref="ArgumentException">It is empty, too long or has control characters.</exception>
    public string? Tenant { get; set => field = RequestRules.CheckText("tenant", value); }

    /// <summary>The queue it goes to, null for the default one.</summary>
    /// <exception cref="ArgumentException">It is empty, too long or has control characters.</exception>
    public string? Queue { get; set => field = RequestRules.CheckText("queue", value); }

    /// <summary>It is not sent before; null for at once.</summary>
    public Moment? NotBefore { get; set; }

    /// <summary>Its first attempt is not sent after; null for no such bound.</summary>
    public Moment? StartBy { get; set; }

    /// <summary>It has an answer by then or fails; null for none.</summary>
    public Moment? Deadline { get; set; }

    /// <summary>Sent as the header <c>Idempotency-Key</c>, which makes a POST safe to send again; null for none.</summary>
    /// <exception cref="ArgumentException">It is empty, too long or has control characters.</exception>
    public string? IdempotencyKey { get; set => field = RequestRules.CheckText("idempotency_key", value); }

    /// <summary>What it costs at most, by unit (<c>tokens</c> → 1200), each 0 to 10^12; beside one request, nothing by default.</summary>
    /// <exception cref="ArgumentException">A unit is not small letters, digits and <c>_</c>, or an amount is out of range.</exception>
    public IReadOnlyDictionary<string, long> Cost { get; set => field = Checked(value); } = ReadOnlyDictionary<string, long>.Empty;

    /// <summary>The country whose proxies should carry it, a code of two letters such as <c>DE</c>; null for any.</summary>
    /// <exception cref="ArgumentException">It is not two letters.</exception>
    public string? Country { get; set => field = RequestRules.CheckCountry(value); }

    /// <summary>Status codes that count as success beside 2xx, each 200 to 599; none by default.</summary>
    /// <exception cref="ArgumentException">One of them is out of range.</exception>
    public IReadOnlyList<int> ExpectStatuses
    {
        get;
        set
        {
            foreach (var status in value)
                RequestRules.CheckExpected(status);
            field = [.. value];
        }
    } = [];

    /// <summary>Whom the service tells how it ended; null for nobody. Elsewhere it is refused.</summary>
    public JobCallback? Callback { get; set; }

    internal bool HasHeaders => _headers is { Count: > 0 };

    internal bool HasParams => _params is { Count: > 0 };

    /// <summary>The JSON of <see cref="Data"/> as it came; empty for none.</summary>
    internal ReadOnlyMemory<byte> RawData => _data;

    /// <summary>The JSON of <see cref="Context"/> as it came, on one line; empty for none.</summary>
    internal ReadOnlyMemory<byte> RawContext { get; set; }

    internal Uri ParsedUrl => _url;

    /// <summary>Whether it can be sent twice without harm, by its method or because it says so.</summary>
    internal bool IsRepeatable => Headgate.Retries.RetryRule.IsIdempotent(new HttpMethod(Method)) || IdempotencyKey is not null || (HasHeaders && Headers["Idempotency-Key"] is not null);

    internal void SetUrl(string url) => _url = RequestRules.CheckUrl(url);

    internal void SetRawData(ReadOnlyMemory<byte> json) => (_data, _body, _bodyFile) = (json, null, null);

    private static Dictionary<string, long> Checked(IReadOnlyDictionary<string, long> cost)
    {
        foreach (var (unit, amount) in cost)
            RequestRules.CheckCost(unit, amount);
        return new Dictionary<string, long>(cost);
    }
}
