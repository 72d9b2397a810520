using Headgate.Jobs;

namespace Headgate.App.Formats;

/// <summary>What a request sends beside method and URL: its headers, those that follow from its members too, and its body.</summary>
/// <param name="Headers">In their order.</param>
/// <param name="Bytes">The body; null for none.</param>
internal sealed record SentBody(IReadOnlyList<(string Name, string Value)> Headers, ReadOnlyMemory<byte>? Bytes)
{
    /// <exception cref="RequestFaultException">The file that is its body cannot be read.</exception>
    public static SentBody Of(JobRequest request)
    {
        var headers = new List<(string Name, string Value)>();
        if (request.HasHeaders)
            headers.AddRange(request.Headers.Select(header => (header.Key, header.Value)));
        if (!request.RawData.IsEmpty && !Has("Content-Type"))
            headers.Add(("Content-Type", "application/json"));
        if (request.IdempotencyKey is { } key && !Has("Idempotency-Key"))
            headers.Add(("Idempotency-Key", key));
        try
        {
            return new SentBody(headers, request.BodyFile is { } file ? File.ReadAllBytes(file)
                : request.RawData.IsEmpty ? request.Body
                : FormBody.IsAskedFor(request) ? FormBody.Encode(request.RawData.Span) : request.RawData);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new RequestFaultException($"body_file: {failure.Message}", 0);
        }

        bool Has(string name) => headers.Exists(header => header.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
    }
}
