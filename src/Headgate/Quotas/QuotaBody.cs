using System.Text.Json;

namespace Headgate.Quotas;

/// <summary>
/// Completes what the headers told by what the body says: errors of AWS, Google, Discord and GitHub's secondary limits, and answers of 200
/// in which GraphQL tells of limits.
/// </summary>
internal static class QuotaBody
{
    /// <summary>More than this of a body is not looked at, in bytes.</summary>
    public const int Longest = 1 << 20;

    private const int Deepest = 64;

    /// <summary>What a secondary limit of GitHub asks for when it does not say how long.</summary>
    private static readonly TimeSpan SecondaryWait = TimeSpan.FromSeconds(60);

    /// <summary>Whether the body may tell something that the headers have not told.</summary>
    /// <param name="status">The status.</param>
    /// <param name="contentType">The media type, with or without parameters; null if the answer has none.</param>
    /// <param name="report">What the headers told.</param>
    /// <param name="path">The path of the request: of good answers only those of GraphQL are worth it.</param>
    public static bool IsWorthReading(int status, string? contentType, QuotaReport report, string? path = null)
    {
        var isJson = contentType is not null && contentType.Contains("json", StringComparison.OrdinalIgnoreCase);
        if (status is >= 200 and < 300)
            return isJson && ((path is not null && (path.EndsWith("/graphql", StringComparison.OrdinalIgnoreCase) || path.EndsWith("/graphql.json", StringComparison.OrdinalIgnoreCase)))
                || contentType!.Contains("graphql", StringComparison.OrdinalIgnoreCase));
        return status is 400 or 403 or 429 or 503 && report.Pause is null
            && (isJson || contentType is null || contentType.Contains("xml", StringComparison.OrdinalIgnoreCase) || contentType.StartsWith("text/plain", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Reads a body, or the beginning of one. Throws nothing, whatever it is; what is malformed tells what came before.</summary>
    /// <returns>What headers and body tell together.</returns>
    public static QuotaReport Read(ReadOnlyMemory<byte> body, int status, QuotaReport report)
    {
        var text = body.Span[..Math.Min(body.Length, Longest)].TrimStart(" \t\r\n\uFEFF"u8);
        var words = new BodyWords();
        if (text.IsEmpty)
            return report;
        if (text[0] == '<')
            words.ReadXml(text);
        else
            Scan(text, status, ref words);
        return Complete(report, words, status);
    }

    private static void Scan(ReadOnlySpan<byte> text, int status, ref BodyWords words)
    {
        // Not the final block: a body that is cut off ends, instead of being an error.
        var json = new Utf8JsonReader(text, isFinalBlock: false, new JsonReaderState(new JsonReaderOptions { MaxDepth = Deepest }));
        var word = BodyWord.None;
        try
        {
            while (json.Read())
            {
                if (json.TokenType != JsonTokenType.PropertyName)
                {
                    words.Take(word, ref json);
                    continue;
                }
                word = BodyWords.Of(ref json);
                // Of a good answer the data is the caller's: what stands there speaks of no limits of ours.
                if (status < 400 && json.CurrentDepth == 1 && word is not (BodyWord.Errors or BodyWord.Extensions) && (!json.Read() || !json.TrySkip()))
                    return;
            }
        }
        catch (JsonException)
        {
            // What came before it counts.
        }
    }

    private static QuotaReport Complete(QuotaReport report, in BodyWords words, int status)
    {
        var quotas = words.Bucket() is { } bucket ? [.. report.Quotas, bucket] : report.Quotas;
        var isRefusal = report.Refused || words.IsThrottled || words.IsSecondary || (status is 429 or 503 or 403 && words.Wait is not null);
        var wait = report.RetryAfter ?? (isRefusal ? words.Wait ?? (words.IsSecondary ? SecondaryWait : words.UntilAffordable()) : null);
        return report with
        {
            Quotas = quotas,
            Refused = isRefusal,
            RetryAfter = wait,
            IsGlobal = report.IsGlobal || words.IsGlobal,
            ActualPoints = words.ActualPoints ?? report.ActualPoints,
        };
    }
}
