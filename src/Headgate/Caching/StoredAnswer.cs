namespace Headgate.Caching;

/// <summary>An answer as it is kept, with all that was read of it once. Never changes; a later version is another one.</summary>
internal sealed class StoredAnswer
{
    /// <summary>What one takes beside its text and its body, measured: the objects here and their references.</summary>
    private const int Own = 600;

    private const int OfAField = 16;
    private const int OfAString = 26;

    public required int Status { get; init; }

    /// <summary>The words beside the status; null for the usual ones.</summary>
    public required string? Reason { get; init; }

    /// <summary>The lines that are stored.</summary>
    public required FieldList Fields { get; init; }

    public required ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>Which bytes the body is.</summary>
    public required ContentRange Range { get; init; }

    /// <summary>What it was chosen by.</summary>
    public required Selecting Selecting { get; init; }

    public required CacheDirectives Directives { get; init; }

    public required Lifetime Lifetime { get; init; }

    /// <summary>How old it was when it came, milliseconds.</summary>
    public required long InitialAge { get; init; }

    /// <summary>Milliseconds since the Unix epoch.</summary>
    public required long ReceivedAt { get; init; }

    /// <summary>What was invalidated up to then does not concern it, milliseconds since the Unix epoch.</summary>
    public required long ValidFrom { get; init; }

    /// <summary>When it was made, as it says, seconds since the Unix epoch.</summary>
    public required long Date { get; init; }

    public required string? ETag { get; init; }

    public required string? LastModified { get; init; }

    public required string? Language { get; init; }

    /// <summary>What of the query does not matter; null if all of it does.</summary>
    public required NoVarySearch? Search { get; init; }

    /// <summary>Groups it is in, see <see cref="CacheGroups"/>.</summary>
    public required string[] Groups { get; init; }

    /// <summary>Its URL and its groups, as <see cref="Invalidations"/> know them.</summary>
    public required ulong[] Names { get; init; }

    /// <summary>It was found out that it is not current any more: it is used only after validation.</summary>
    public bool IsOutdated { get; init; }

    /// <summary>Bytes it takes.</summary>
    public required long Size { get; init; }

    /// <summary>It is a part that is served as it came, to the same question: parts whose bytes are known are stored as those of the whole answer.</summary>
    public bool IsAsItCame => Status == 206;

    /// <summary>Whether the API can be asked if it is current still.</summary>
    public bool HasValidator => !IsAsItCame && (ETag is not null || LastModified is not null);

    /// <summary>Milliseconds.</summary>
    public long AgeAt(long now) => InitialAge + Math.Max(0, now - ReceivedAt);

    /// <summary>For how long it is fresh still, milliseconds; negative for how long it is stale.</summary>
    public long LeftAt(long now) => Lifetime.Seconds * 1000 - AgeAt(now);

    /// <summary>An answer whose body is there; null if too little of it is, or it is not clear which part. Of a body that broke off, what came is a part (RFC 9111 §3.3).</summary>
    /// <param name="rules">Those of the cache.</param>
    /// <param name="request">What asked for it.</param>
    /// <param name="answer">What came.</param>
    public static StoredAnswer? Of(CacheRules rules, CacheRequest request, in ReceivedAnswer answer)
    {
        if (RangeOf(answer) is not { } range)
            return AsItCame(rules, request, answer);
        var control = TargetedControl.Of(rules, answer.Fields);
        var isPart = answer.Status == 206;
        var fields = StoredFields.Of(rules, control.Directives, answer.Fields, answer.ReceivedAt);
        // A part is one of the whole answer, whose fields these are (RFC 9111 §3.3).
        if (isPart)
            fields = fields.Without("Content-Range").Without("Content-Length");
        if (!range.IsComplete && !isPart && (request.Method != "GET" || !EntityTag.IsStrong(fields.First("ETag"))))
            return null;
        return Of(rules, request.Key.Url, isPart ? 200 : answer.Status, isPart ? null : answer.Reason, fields, answer.Body, range, Selecting.Of(answer.Fields, request.Fields) ?? Selecting.Never, answer,
            // What it invalidated itself is older than it.
            request.Method == "POST" ? answer.ReceivedAt + 1 : answer.RequestedAt);
    }

    /// <summary>
    /// A part that contradicts itself: its body is all there, but not as long as its <c>Content-Range</c> says. Nobody knows which bytes these are, so
    /// that it is the answer to the same question only, and nothing is taken from it or put to it. Null for anything else.
    /// </summary>
    private static StoredAnswer? AsItCame(CacheRules rules, CacheRequest request, in ReceivedAnswer answer)
    {
        if (answer.Status != 206 || request.Range is null || DeltaSeconds.Read(answer.Fields.First("Content-Length")) > answer.Body.Length)
            return null;
        var fields = StoredFields.Of(rules, TargetedControl.Of(rules, answer.Fields).Directives, answer.Fields, answer.ReceivedAt);
        var selecting = Selecting.Of(answer.Fields.And("Vary", "Range, If-Range"), request.Fields) ?? Selecting.Never;
        return Of(rules, request.Key.Url, answer.Status, answer.Reason, fields, answer.Body, ContentRange.Whole(answer.Body.Length), selecting, answer, answer.RequestedAt);
    }

    /// <summary>This answer with other fields or another body, made current by a later answer.</summary>
    /// <param name="rules">Those of the cache.</param>
    /// <param name="request">What asked for that.</param>
    /// <param name="later">Whose fields take the place of these.</param>
    /// <param name="body">What it is now.</param>
    /// <param name="range">Which bytes that is.</param>
    public StoredAnswer With(CacheRules rules, CacheRequest request, in ReceivedAnswer later, ReadOnlyMemory<byte> body, ContentRange range)
    {
        var control = TargetedControl.Of(rules, later.Fields);
        var fields = StoredFields.Updated(Fields, StoredFields.Of(rules, control.Directives, later.Fields, later.ReceivedAt));
        // What was a part did not say how long the whole is.
        if (range.IsComplete && !Range.IsComplete)
            fields = fields.With("Content-Length", $"{range.Length}");
        return Of(rules, request.Key.Url, Status, Reason, fields, body, range, Selecting.Of(fields, request.Fields) ?? Selecting.Never, later, later.RequestedAt);
    }

    /// <summary>This answer, of which is known that there is a newer one.</summary>
    public StoredAnswer Outdated() => new()
    {
        Status = Status, Reason = Reason, Fields = Fields, Body = Body, Range = Range, Selecting = Selecting, Directives = Directives, Lifetime = Lifetime, InitialAge = InitialAge,
        ReceivedAt = ReceivedAt, ValidFrom = ValidFrom, Date = Date, ETag = ETag, LastModified = LastModified, Language = Language, Search = Search, Groups = Groups, Names = Names, Size = Size,
        IsOutdated = true,
    };

    private static StoredAnswer Of(CacheRules rules, string url, int status, string? reason, FieldList fields, ReadOnlyMemory<byte> body, ContentRange range, Selecting selecting, in ReceivedAnswer answer, long validFrom) =>
        Of(rules, url, status, reason, fields, body, range, selecting, Age.Initial(fields, answer.RequestedAt, answer.ReceivedAt), answer.ReceivedAt, validFrom);

    /// <summary>An answer of which all is known that cannot be read of the rest.</summary>
    public static StoredAnswer Of(CacheRules rules, string url, int status, string? reason, FieldList fields, ReadOnlyMemory<byte> body, ContentRange range, Selecting selecting, long initialAge, long receivedAt, long validFrom)
    {
        var control = TargetedControl.Of(rules, fields);
        var lifetime = Lifetime.Of(rules, status, control, fields, receivedAt);
        var search = NoVarySearch.Of(fields);
        var groups = CacheGroups.Of(fields);
        return new StoredAnswer
        {
            Status = status,
            Reason = reason,
            Fields = fields,
            Body = body,
            Range = range,
            Selecting = selecting,
            // What is fixed is fixed, whatever it says.
            Directives = lifetime.Source == LifetimeSource.Fixed ? CacheDirectives.None : control.Directives,
            Lifetime = lifetime,
            InitialAge = lifetime.Source == LifetimeSource.Fixed ? 0 : initialAge,
            ReceivedAt = receivedAt,
            ValidFrom = validFrom,
            Date = ExactDate.Read(fields.First("Date"), receivedAt) ?? receivedAt / 1000,
            ETag = fields.First("ETag"),
            LastModified = fields.First("Last-Modified"),
            Language = fields.Combined("Content-Language"),
            Search = search,
            Groups = groups,
            Names = Invalidations.NamesOf(url, search, groups),
            Size = Own + body.Length + fields.Sum(field => OfAField + Bytes(field.Name) + Bytes(field.Value)) + (search is null ? 0 : 3 * Bytes(search.Text))
                + selecting.Names.Concat(selecting.Values).Concat(groups).Concat(control.Directives.NoCacheFields).Concat(control.Directives.PrivateFields).Sum(Bytes),
        };
    }

    private static ContentRange? RangeOf(in ReceivedAnswer answer)
    {
        if (answer.Status == 206)
            return ContentRange.Read(answer.Fields.First("Content-Range")) is { } part && part.Length == answer.Body.Length ? part : null;
        if (DeltaSeconds.Read(answer.Fields.First("Content-Length")) is not { } length || length <= answer.Body.Length)
            return ContentRange.Whole(answer.Body.Length);
        return answer.Status == 200 && answer.Body.Length > 0 ? new ContentRange(0, answer.Body.Length, length) : null;
    }

    private static long Bytes(string text) => OfAString + 2L * text.Length;
}
