using System.Globalization;
using System.Text;
using Headgate.Caching;

namespace Headgate.Tests.Caching;

/// <summary>What somebody was given, and what the API was asked for it.</summary>
internal sealed record Seen(int Status, FieldList Fields, string Body, ReuseDecision Decision, IReadOnlyList<FieldList> Asked, StoredAnswer? Stored)
{
    public bool WasAsked => Asked.Count > 0;

    public string? this[string name] => Fields.Combined(name);
}

/// <summary>
/// A cache, a clock that stands still unless told otherwise, and an API that answers what it is told to. Messages are written in one line:
/// <c>200 | ETag: "a" | Date: {0} | =body</c>, where <c>{60}</c> is the date 60 seconds after the start.
/// </summary>
internal sealed class CacheWorld(CacheRules? rules = null)
{
    /// <summary>1 January 2026, milliseconds.</summary>
    public const long Start = 1_767_225_600_000;

    public const string Url = "https://api.test/thing";

    public CacheRules Rules { get; } = rules ?? new CacheRules();

    public AnswerCache Cache { get; } = new(10_000_000);

    public long Now { get; private set; } = Start;

    public static CacheRules Shared { get; } = new() { IsShared = true };

    public CacheWorld Pass(double seconds)
    {
        Now += (long)(seconds * 1000);
        return this;
    }

    /// <summary>Asks with GET.</summary>
    /// <param name="fields">Headers of the request.</param>
    /// <param name="answers">What the API answers, one after the other; null for an API out of reach.</param>
    public Seen Get(string fields, params string?[] answers) => Ask("GET", Url, fields, answers);

    public Seen Ask(string method, string url, string fields, params string?[] answers)
    {
        var request = RequestOf(Rules, method, url, fields);
        var decision = Cache.Decide(request, Now);
        if (decision.Kind == ReuseKind.Refuse)
            return new Seen(504, FieldList.Empty, "", decision, [], null);
        if (decision.IsHit)
            return Serve(request, decision, decision.Stored!, []);
        var (asked, current) = (new List<FieldList>(), decision);
        foreach (var answer in answers)
        {
            asked.Add(Forwarding.Of(request, current));
            if (answer is null)
                return Cache.Unreached(request, current, Now) is { } stale ? Serve(request, decision, stale, asked) : new Seen(504, FieldList.Empty, "", decision, asked, null);
            var received = Received(answer);
            var receipt = Cache.Receive(request, current, received with { Body = default });
            switch (receipt.Kind)
            {
                case ReceiptKind.Freshened or ReceiptKind.Stale:
                    return Serve(request, decision, receipt.Stored!, asked);
                case ReceiptKind.Join when Cache.Keep(request, receipt, received, out _) is { } joined:
                    return Serve(request, decision, joined, asked);
                case ReceiptKind.Join or ReceiptKind.Again:
                    current = new ReuseDecision(ReuseKind.Forward, decision.Reason, null);
                    continue;
                default:
                    var isKept = false;
                    var stored = receipt.Kind == ReceiptKind.Keep ? Cache.Keep(request, receipt, received, out isKept) : null;
                    return new Seen(received.Status, received.Fields, Encoding.Latin1.GetString(received.Body.Span), decision, asked, isKept ? stored : null);
            }
        }
        throw new InvalidOperationException($"the API was asked, {decision.Kind} for {decision.Reason}, and nothing is said of its answer");
    }

    public ReceivedAnswer Received(string answer)
    {
        var status = int.Parse(answer.Split('|')[0], CultureInfo.InvariantCulture);
        var body = answer.IndexOf("| =", StringComparison.Ordinal) is >= 0 and var at ? answer[(at + 3)..] : "";
        return new ReceivedAnswer(status, null, FieldsOf(answer.Contains('|', StringComparison.Ordinal) ? answer[(answer.IndexOf('|', StringComparison.Ordinal) + 1)..] : ""), Now, Now, Encoding.Latin1.GetBytes(body));
    }

    public static CacheRequest RequestOf(CacheRules rules, string method, string url, string fields) => CacheRequest.Of(rules, method, new Uri(url), FieldsOf(fields), hasBody: false);

    public static FieldList FieldsOf(string lines) => new(
    [
        .. from line in lines.Split('|', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
           where !line.StartsWith('=')
           let colon = line.IndexOf(':', StringComparison.Ordinal)
           select new Field(line[..colon], WithDates(line[(colon + 1)..].Trim())),
    ]);

    /// <summary>The date so many seconds after the start.</summary>
    public static string Date(long seconds) => DateTimeOffset.FromUnixTimeMilliseconds(Start + seconds * 1000).ToString("r");

    private static string WithDates(string value) =>
        value.StartsWith('{') && value.EndsWith('}') ? Date(long.Parse(value[1..^1], CultureInfo.InvariantCulture)) : value;

    private Seen Serve(CacheRequest request, ReuseDecision decision, StoredAnswer stored, IReadOnlyList<FieldList> asked)
    {
        var served = ServedAnswer.Of(request, stored, Now);
        return new Seen(served.Status, served.Fields, Encoding.Latin1.GetString(served.Body.Span), decision, asked, stored);
    }
}
