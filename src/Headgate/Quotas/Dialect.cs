using Headgate.Limits;

namespace Headgate.Quotas;

/// <summary>How the headers of one quota are to be read.</summary>
internal enum QuotaForm
{
    /// <summary>A header each for what is allowed, what is left, and when it comes back.</summary>
    Headers,

    /// <summary>Both in one: <c>32/40</c>, <c>api-usage=18/5000</c>.</summary>
    Share,

    /// <summary>A list of what is left: <c>Microsoft.Compute/GetVM3Min;197,Microsoft.Compute/GetVM30Min;1297</c>.</summary>
    Counts,

    /// <summary>The two lists of the IETF draft; see <see cref="PolicyText"/>.</summary>
    Policies,

    /// <summary>A word says which limit refused: <c>endpoint-concurrency</c>.</summary>
    Reason,
}

/// <summary>What a bare number counts where a time is told.</summary>
internal enum NumberMeaning
{
    /// <summary>Seconds to go, or from 10^9 on an instant.</summary>
    Seconds,

    /// <summary>One name with two meanings: above an hour's 3,600 it is taken for milliseconds.</summary>
    SecondsToAnHour,
}

/// <summary>One quota of a dialect: which headers tell of it, each by its slot in <see cref="Dialects"/>; 0 for none.</summary>
internal sealed record QuotaFields
{
    public QuotaForm Form { get; init; }

    /// <summary>Its name; that of its unit by default.</summary>
    public string? Name { get; init; }

    public string Unit { get; init; } = Limits.Limit.Requests;

    /// <summary>What is allowed; of the forms that need one header only, that header.</summary>
    public int Limit { get; init; }

    public int Remaining { get; init; }

    public int Used { get; init; }

    public int Reset { get; init; }

    public NumberMeaning Number { get; init; }

    public QuotaReset Means { get; init; }

    /// <summary>The length of the window in milliseconds.</summary>
    public int Interval { get; init; }

    /// <summary>The length of the window, where the documentation tells what the answers do not.</summary>
    public TimeSpan? Window { get; init; }

    /// <summary>How long a full bucket takes to drain, where the documentation tells.</summary>
    public TimeSpan? Drains { get; init; }

    /// <summary>A header that says <c>rejected</c> when nothing is left.</summary>
    public int State { get; init; }

    /// <summary>The policies that stand beside it, in the form of the older IETF drafts.</summary>
    public int Policies { get; init; }
}

/// <summary>How one API or a family of them tells of its limits. A row of <see cref="Dialects.All"/>.</summary>
/// <param name="Name">For people.</param>
/// <param name="Signs">Any of these headers makes an answer one of this dialect.</param>
/// <param name="Quotas">What to read.</param>
internal sealed record Dialect(string Name, int[] Signs, params QuotaFields[] Quotas)
{
    /// <summary>The header that names which part of the API it is about; 0 for none.</summary>
    public int Resource { get; init; }
}
