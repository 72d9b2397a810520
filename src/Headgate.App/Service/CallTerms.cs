using Headgate.App.Security;
using Headgate.Jobs;
using Headgate.Time;
using Microsoft.AspNetCore.Http;

namespace Headgate.App.Service;

/// <summary>What a call that is passed on says of how it is to be sent: headers that are for us, and go no further. Immutable.</summary>
internal sealed record CallTerms
{
    private CallTerms() { }

    public RequestPriority Priority { get; private init; } = RequestPriority.Medium;

    /// <summary>On whose behalf it is sent; null for nobody in particular.</summary>
    public string? Tenant { get; private init; }

    /// <summary>When its answer comes too late; null if the caller has not said.</summary>
    public Moment? Deadline { get; private init; }

    /// <summary>What it costs beside one request; null for nothing.</summary>
    public IReadOnlyDictionary<string, long>? Cost { get; private init; }

    /// <summary>Reads them.</summary>
    /// <param name="headers">The headers of the call.</param>
    /// <param name="caller">Who calls: on behalf of its tenant, or of whom it names if it acts for all.</param>
    /// <exception cref="Problem">One of them cannot be read, or it names somebody else's tenant.</exception>
    public static CallTerms Of(IHeaderDictionary headers, Caller caller) => new()
    {
        Priority = One(headers, "Headgate-Priority") is { } priority ? ReadPriority(priority) : RequestPriority.Medium,
        Tenant = One(headers, "Headgate-Tenant") is { } tenant ? ReadTenant(tenant, caller) : caller.Tenant,
        Deadline = One(headers, "Headgate-Deadline") is { } deadline ? ReadDeadline(deadline) : null,
        Cost = One(headers, "Headgate-Cost") is { } cost ? ReadCost(cost) : null,
    };

    /// <summary>Its deadline on the clock of the engine; null if it has none.</summary>
    public long? DeadlineOn(Clock clock)
    {
        var now = clock.Provider.GetUtcNow();
        return Deadline is { } moment ? clock.Now + Clock.Nanoseconds(Sooner(moment.From(now) - now, Duration.Longest)) : null;
    }

    // What lies beyond all that the clock counts would be read as long over.
    private static TimeSpan Sooner(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private static string? One(IHeaderDictionary headers, string name) => headers[name] switch
    {
        { Count: 0 } => null,
        [{ } value] => value,
        _ => throw Wrong($"{name} is given twice"),
    };

    private static RequestPriority ReadPriority(string text)
    {
        if (text is [>= '1' and <= '5'])
            return (RequestPriority)(text[0] - '0');
        foreach (var priority in Enum.GetValues<RequestPriority>())
            if (priority.ToString().Equals(text, StringComparison.OrdinalIgnoreCase))
                return priority;
        throw Wrong("Headgate-Priority is 1 to 5, or critical, high, medium, low, background");
    }

    private static string ReadTenant(string text, Caller caller)
    {
        try
        {
            RequestRules.CheckText("Headgate-Tenant", text);
        }
        catch (ArgumentException wrong)
        {
            throw Wrong(wrong.Message);
        }
        return caller.WhyForeign(text) is { } foreign ? throw new Problem(StatusCodes.Status403Forbidden, foreign) : text;
    }

    private static Moment ReadDeadline(string text) => Moment.TryParse(text, out var moment)
        ? moment
        : throw Wrong("Headgate-Deadline is a time such as 2030-01-02T03:04:05Z, or how long from now: 20 (seconds), 2m");

    private static Dictionary<string, long> ReadCost(string text)
    {
        var cost = new Dictionary<string, long>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (part.Split('=') is not [var unit, { Length: > 0 and <= 13 } digits] || digits.AsSpan().ContainsAnyExceptInRange('0', '9'))
                throw Wrong("Headgate-Cost is a list of units with amounts, for example tokens=1200, images=2");
            var amount = long.Parse(digits, System.Globalization.CultureInfo.InvariantCulture);
            try
            {
                RequestRules.CheckCost(unit, amount);
            }
            catch (ArgumentException wrong)
            {
                throw Wrong($"Headgate-Cost: {wrong.Message}");
            }
            if (!cost.TryAdd(unit, amount))
                throw Wrong($"Headgate-Cost names {unit} twice");
        }
        return cost;
    }

    private static Problem Wrong(string error) => new(StatusCodes.Status400BadRequest, error);
}
