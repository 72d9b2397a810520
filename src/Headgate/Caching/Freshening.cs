namespace Headgate.Caching;

/// <summary>What a later answer without a body says of a stored one (RFC 9111 §4.3.4, §4.3.5), and how parts become more (§3.4).</summary>
internal static class Freshening
{
    /// <summary>The stored answer, current again by a 304; null if that is of another version, so that it must be asked for without conditions.</summary>
    public static StoredAnswer? Validated(CacheRules rules, CacheRequest request, StoredAnswer stored, in ReceivedAnswer answer) =>
        IsOfVersion(stored, answer.Fields) ? stored.With(rules, request, answer, stored.Body, stored.Range) : null;

    /// <summary>The stored answer after a HEAD was answered with 200: current again, or known to be outdated.</summary>
    public static StoredAnswer Headed(CacheRules rules, CacheRequest request, StoredAnswer stored, in ReceivedAnswer answer)
    {
        var isSame = !stored.IsAsItCame && IsOfVersion(stored, answer.Fields)
            && (DeltaSeconds.Read(answer.Fields.First("Content-Length")) is not { } length || length == (DeltaSeconds.Read(stored.Fields.First("Content-Length")) ?? stored.Range.Total));
        return isSame ? stored.With(rules, request, answer, stored.Body, stored.Range) : stored.Outdated();
    }

    /// <summary>The stored part with the one that came, which touch each other and are of one version for certain; null if they are not.</summary>
    public static StoredAnswer? Completed(CacheRules rules, CacheRequest request, StoredAnswer stored, in ReceivedAnswer answer)
    {
        if (stored.IsAsItCame || answer.Status != 206 || ContentRange.Read(answer.Fields.First("Content-Range")) is not { } part || part.Length != answer.Body.Length)
            return null;
        if (part.Total is { } total && stored.Range.Total is { } known && total != known)
            return null;
        if (!EntityTag.AreSame(stored.ETag, answer.Fields.First("ETag")) && !(stored.ETag is null && Preconditions.IsStrongDate(stored) && stored.LastModified == answer.Fields.First("Last-Modified")))
            return null;
        if (part.First > stored.Range.End || part.End < stored.Range.First)
            return null;
        var range = new ContentRange(Math.Min(part.First, stored.Range.First), 0, stored.Range.Total ?? part.Total);
        range = range with { Length = Math.Max(part.End, stored.Range.End) - range.First };
        var body = new byte[range.Length];
        stored.Body.CopyTo(body.AsMemory((int)(stored.Range.First - range.First)));
        answer.Body.CopyTo(body.AsMemory((int)(part.First - range.First)));
        return stored.With(rules, request, answer, body, range);
    }

    /// <summary>Whether an answer is of the version that is stored, by every name of a version that it has.</summary>
    private static bool IsOfVersion(StoredAnswer stored, FieldList answer)
    {
        if (answer.First("ETag") is { } tag)
            return stored.ETag is { } known && (EntityTag.IsStrong(tag) ? EntityTag.AreSame(known, tag) : EntityTag.AreAlike(known, tag));
        return answer.First("Last-Modified") is not { } modified || stored.LastModified is null || modified == stored.LastModified;
    }
}
