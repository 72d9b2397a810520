using System.Collections.Frozen;

namespace Headgate.Caching;

/// <summary>An answer made of a stored one.</summary>
/// <param name="Status">Its status.</param>
/// <param name="Reason">The words beside it; null for the usual ones.</param>
/// <param name="Fields">Its headers, its age among them.</param>
/// <param name="Body">Its body, of the stored bytes themselves.</param>
internal readonly record struct ServedAnswer(int Status, string? Reason, FieldList Fields, ReadOnlyMemory<byte> Body)
{
    /// <summary>Those of a body that is not sent (RFC 9110 §15.4.5).</summary>
    private static readonly FrozenSet<string> OfTheBody = new[] { "Content-Length", "Content-Type", "Content-Encoding", "Content-Language", "Content-Range" }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>The answer to a request of which all bytes are stored: 304, 206, 416, or the stored one, without its body for a HEAD.</summary>
    /// <param name="request">What asks.</param>
    /// <param name="stored">What is stored.</param>
    /// <param name="now">Milliseconds since the Unix epoch.</param>
    public static ServedAnswer Of(CacheRequest request, StoredAnswer stored, long now)
    {
        var fields = stored.Fields.With("Age", (stored.AgeAt(now) / 1000).ToString());
        if (Preconditions.AreUnchanged(request, stored, now))
            return new ServedAnswer(304, null, fields.Where(field => !OfTheBody.Contains(field.Name)), default);
        if (request.Method == "HEAD")
            return new ServedAnswer(stored.Status, stored.Reason, stored.Range is { IsComplete: false, Total: { } total } ? fields.With("Content-Length", total.ToString()) : fields, default);
        if (request.Range is not { } range || stored.Status != 200 || !Preconditions.AllowRange(request, stored))
            return new ServedAnswer(stored.Status, stored.Reason, fields, stored.Body);
        if (stored.Range.Find(range) is not { } part)
            return new ServedAnswer(416, null, fields.Where(field => !OfTheBody.Contains(field.Name)).And("Content-Range", $"bytes */{stored.Range.Total}").And("Content-Length", "0"), default);
        return new ServedAnswer(206, null, fields.With("Content-Range", new ContentRange(part.First, part.Length, stored.Range.Total).Format()).With("Content-Length", part.Length.ToString()),
            stored.Body.Slice((int)(part.First - stored.Range.First), (int)part.Length));
    }
}
