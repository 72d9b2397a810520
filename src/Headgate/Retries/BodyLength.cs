using System.Globalization;

namespace Headgate.Retries;

/// <summary>How long the body of an answer is to be, by what its headers say: reading the typed one would rewrite what is passed on.</summary>
internal static class BodyLength
{
    /// <summary>The announced length in bytes; null if none is, or there is no body.</summary>
    /// <exception cref="HttpIOException">
    /// What is announced is no length, or two that differ: where this answer ends nobody knows, and it must not be used (RFC 9112 §6.3).
    /// </exception>
    public static long? Announced(HttpResponseMessage answer)
    {
        if (answer.RequestMessage?.Method == HttpMethod.Head || (int)answer.StatusCode is 204 or 304)
            return null;
        // Chunks say for themselves where they end, and override the length.
        if (answer.Headers.NonValidated.Contains("Transfer-Encoding") || !answer.Content.Headers.NonValidated.TryGetValues("Content-Length", out var values))
            return null;
        long? length = null;
        foreach (var value in values)
            foreach (var part in value.Split(','))
            {
                if (!long.TryParse(part.AsSpan().Trim(" \t"), NumberStyles.None, CultureInfo.InvariantCulture, out var found) || (length is { } other && other != found))
                    throw new HttpIOException(HttpRequestError.InvalidResponse, "no length, or several");
                length = found;
            }
        return length;
    }

    /// <summary>Checks that a body was not shorter than announced. Over HTTP/2 the runtime takes such a one for whole.</summary>
    /// <exception cref="HttpIOException">It was.</exception>
    public static void ThrowIfCut(long? announced, long received)
    {
        if (received < announced)
            throw new HttpIOException(HttpRequestError.ResponseEnded, "shorter than announced");
    }
}
