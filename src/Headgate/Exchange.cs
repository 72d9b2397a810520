using Headgate.Gates;
using Headgate.Retries;

namespace Headgate;

/// <summary>One request on its way along the line, and what became of it. Used by one caller; the line writes it while it works.</summary>
internal sealed class Exchange(HttpRequestMessage request, SendTerms terms)
{
    /// <summary>What the caller gave: its headers are copied for each attempt, its body is shared by all.</summary>
    public HttpRequestMessage Request => request;

    public HttpMethod Method { get; set; } = request.Method;

    public Uri Uri { get; set; } = request.RequestUri ?? throw new ArgumentException("the request has no URL", nameof(request));

    /// <summary>The body that all attempts share; null once a redirect has dropped it.</summary>
    public HttpContent? Body { get; set; } = request.Content is { } content ? ReplayableContent.For(content) : null;

    /// <summary>How it is to be sent.</summary>
    public SendTerms Terms => terms;

    /// <summary>Reads the body within the attempt, so that one that breaks off is tried again; null if the caller reads it from the answer.</summary>
    public Func<HttpResponseMessage, CancellationToken, ValueTask>? Receive { get; init; }

    /// <summary>By when it must have been sent, whatever the queue allows; the greatest value if nothing says.</summary>
    public long ExpiresAt => Math.Min(GivesUpAt ?? long.MaxValue, Attempts == 0 ? terms.StartBy ?? long.MaxValue : long.MaxValue);

    /// <summary>Past what time it neither waits nor is tried again.</summary>
    public long? GivesUpAt => terms.WaitsUntil < (terms.Deadline ?? long.MaxValue) ? terms.WaitsUntil : terms.Deadline;

    /// <summary>Whose headers were left behind by a redirect to another origin, or null.</summary>
    public Redirect? Redirect { get; set; }

    /// <summary>It has no credentials of its own, and goes where it was meant to go.</summary>
    public bool NeedsToken => Redirect is not { DropsCredentials: true } && !request.Headers.NonValidated.Contains("Authorization");

    public int Hops { get; set; }

    public int RetriesMade { get; set; }

    public int Holds { get; set; }

    /// <summary>When it goes on after a hold or a failure, monotonic nanoseconds.</summary>
    public long NextAt { get; set; }

    /// <summary>Attempts that were sent, those beside another one among them.</summary>
    public int Attempts { get; set; }

    /// <summary>When its first attempt was sent, monotonic nanoseconds; 0 before.</summary>
    public long FirstSentAt { get; set; }

    /// <summary>Answers that refused it by a limit.</summary>
    public int Refusals { get; set; }

    /// <summary>How long it waited for permits, nanoseconds.</summary>
    public long Waited { get; set; }

    /// <summary>When it asked for the permit that it waits for, if it was sent from one gate to another since, monotonic nanoseconds; else 0.</summary>
    public long AskedAt { get; set; }

    /// <summary>What held it longest, as last asked.</summary>
    public Constraint? HeldBy { get; set; }

    public FailureClass Failure { get; set; }

    public string? Detail { get; set; }

    public bool MaybeSent { get; set; }

    /// <summary>The proxies it may go through, as their pool chooses them: by its country, or by whom it comes from; null where there are none.</summary>
    public Proxies.WishedWays? WaysOf(Proxies.ProxyOutlets? proxies) => proxies?.For(terms.Country, terms.Tenant ?? Uri.IdnHost, Avoids);

    /// <summary>The proxy that failed it last; null for none.</summary>
    public Proxies.PoolProxy? Avoids { get; set; }

    /// <summary>The proxy by which an answer of it broke off last; null for none.</summary>
    public Proxies.PoolProxy? BrokeOffBy { get; set; }

    /// <summary>What the last attempt that failed came to.</summary>
    public string? LastError { get; set; }

    /// <summary>The last attempt.</summary>
    public Attempt? Last { get; set; }

    /// <summary>The permit that it asked for last; null before. May be read by anybody.</summary>
    public LinePermit? Asked { get; set; }

    /// <summary>Its API, as last found; null before.</summary>
    public Upstream? Upstream { get; set; }

    /// <summary>When it was handed over, monotonic nanoseconds; 0 until it comes onto the line, where nobody said before.</summary>
    public long BegunAt { get; set; }

    /// <summary>What it has to do with the cache of its API; null where that has none.</summary>
    public CacheVisit? Visit { get; set; }

    /// <summary>It is looked after until it is over, so that others may wait for it.</summary>
    public bool MayVisit { get; set; }

    /// <summary>What came of that; null before, and where no answers are kept.</summary>
    public CacheOutcome? Cache { get; set; }

    /// <summary>Whether its answer is one that was stored, and no attempt's.</summary>
    public bool IsStored => Cache is { IsStored: true };

    /// <summary>Shows what becomes of it; null for nobody.</summary>
    public Observation? Observer { get; set; }

    /// <summary>By what its steps are known in the log; 0 while they are not told.</summary>
    public long Number { get; set; }

    public void Tell(LineStep step)
    {
        terms.Watch?.Invoke(this, step);
        Observer?.Step(this, step);
    }
}
