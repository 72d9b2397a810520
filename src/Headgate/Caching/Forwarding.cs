namespace Headgate.Caching;

/// <summary>What the API is asked when a stored answer is validated or completed (RFC 9111 §4.3.1, §3.4).</summary>
internal static class Forwarding
{
    /// <summary>The conditions of the requester: those that are sent are the cache's own, and his are judged by what comes of them.</summary>
    private static readonly string[] Conditions = ["If-None-Match", "If-Modified-Since", "If-Range"];

    /// <summary>Whether a header is one of those that <see cref="Of"/> changes.</summary>
    public static bool IsConditional(string name) => name.Equals("Range", StringComparison.OrdinalIgnoreCase) || Array.Exists(Conditions, condition => condition.Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>The headers to send.</summary>
    /// <param name="request">What asks.</param>
    /// <param name="decision">What is to be done.</param>
    public static FieldList Of(CacheRequest request, in ReuseDecision decision)
    {
        if (decision.Stored is not { } stored)
            return request.Fields;
        switch (decision.Kind)
        {
            case ReuseKind.Validate or ReuseKind.ServeAndValidate:
                // All of it is here, or comes again if it has changed. Of a part the requester's own condition says whether he can use one of a later version.
                var fields = request.Fields.Where(stored.Range.IsComplete
                    ? field => !field.Is("Range") && !Array.Exists(Conditions, field.Is)
                    : field => field.Is("If-Range") || !Array.Exists(Conditions, field.Is));
                if (stored.ETag is { } tag)
                    fields = fields.And("If-None-Match", tag);
                return stored.LastModified is { } modified ? fields.And("If-Modified-Since", modified) : fields;
            case ReuseKind.Complete when MissingOf(request, stored) is { } missing:
                return request.Fields.Where(field => !Array.Exists(Conditions, field.Is)).With("Range", $"bytes={missing.First}-{missing.Last}").And("If-Range", StrongValidator(stored)!);
            default:
                return request.Fields;
        }
    }

    /// <summary>The part that has to be asked for; null if the stored answer cannot be completed: no strong validator, or more than one gap.</summary>
    public static ByteRange? MissingOf(CacheRequest request, StoredAnswer stored) =>
        request.Method == "GET" && StrongValidator(stored) is not null && Preconditions.AllowRange(request, stored) ? stored.Range.Missing(request.Range) : null;

    private static string? StrongValidator(StoredAnswer stored) =>
        EntityTag.IsStrong(stored.ETag) ? stored.ETag : Preconditions.IsStrongDate(stored) ? stored.LastModified : null;
}
