namespace Headgate.Caching;

/// <summary>The answers of one URL for the requests they were chosen by, the newest first.</summary>
internal sealed class Variants(params StoredAnswer[] answers) : CacheEntry
{
    /// <summary>Of how many different requests the answers are kept; the oldest goes.</summary>
    private const int Most = 64;

    public static readonly Variants None = new();

    public override long Size { get; } = answers.Sum(answer => answer.Size);

    public IReadOnlyList<StoredAnswer> Answers => answers;

    public bool Has(StoredAnswer answer) => Array.IndexOf(answers, answer) >= 0;

    /// <summary>The newest answer that was chosen as this request would choose it (RFC 9111 §4.1); null for none.</summary>
    public StoredAnswer? Of(FieldList request)
    {
        StoredAnswer? best = null;
        foreach (var answer in answers)
            if ((best is null || answer.Date > best.Date) && answer.Selecting.Matches(request, answer.Language))
                best = answer;
        return best;
    }

    /// <summary>With an answer in the place of those that the same request would get.</summary>
    public Variants With(StoredAnswer answer, FieldList request) =>
        new([answer, .. answers.Where(other => !other.Selecting.Matches(request, null)).Take(Most - 1)]);

    /// <summary>With a later version of one of them, if it still is one; null for none.</summary>
    public Variants With(StoredAnswer? answer, StoredAnswer earlier)
    {
        if (!Has(earlier))
            return this;
        var others = answers.Where(other => other != earlier);
        return new([.. answer is null ? others : others.Prepend(answer)]);
    }

    /// <summary>As many of the newest as there is room for; null for none.</summary>
    public Variants? Within(long most)
    {
        var (count, size) = (0, 0L);
        while (count < answers.Length && (size += answers[count].Size) <= most)
            count++;
        return count == 0 ? null : count == answers.Length ? this : new(answers[..count]);
    }

    /// <summary>Without what a request would get.</summary>
    public Variants Without(FieldList request) => new([.. answers.Where(answer => !answer.Selecting.Matches(request, null))]);
}
