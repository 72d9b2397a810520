using System.Text;
using System.Text.Unicode;

namespace Headgate.Jobs;

/// <summary>Decides whether bytes are text, and which. No guessing: only what can be turned back into the same bytes is text.</summary>
internal static class ContentText
{
    /// <summary>The charset that a content type names; UTF-8 when it names none, since that is what JSON and today's text is.</summary>
    public static ReadOnlySpan<char> CharsetOf(ReadOnlySpan<char> contentType)
    {
        foreach (var part in contentType.Split(';'))
        {
            var parameter = contentType[part].Trim();
            if (parameter.StartsWith("charset=", StringComparison.OrdinalIgnoreCase))
                return parameter["charset=".Length..].Trim().Trim('"').Trim('\'');
        }
        return "utf-8";
    }

    /// <summary>Decodes bytes strictly; says whether they are text of that charset.</summary>
    /// <param name="charset">The name of the charset.</param>
    /// <param name="bytes">What to decode.</param>
    /// <param name="text">The text; null when the bytes are UTF-8 as they are and need no decoding.</param>
    public static bool TryDecode(ReadOnlySpan<char> charset, ReadOnlySpan<byte> bytes, out string? text)
    {
        text = null;
        if (charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase) || charset.Equals("utf8", StringComparison.OrdinalIgnoreCase))
            return Utf8.IsValid(bytes);
        if (Strict(charset.ToString()) is not { } encoding)
            return false;
        try
        {
            var decoded = encoding.GetString(bytes);
            // Some tables map two byte sequences to one character: only the way back proves that nothing was lost.
            if (!encoding.GetBytes(decoded).AsSpan().SequenceEqual(bytes))
                return false;
            text = decoded;
            return true;
        }
        catch (ArgumentException)
        {
            return false; // DecoderFallbackException or EncoderFallbackException: not of this charset
        }
    }

    /// <summary>The bytes of a text that <see cref="TryDecode"/> gave; UTF-8 where the charset has none for it.</summary>
    public static byte[] Encode(ReadOnlySpan<char> charset, string text)
    {
        try
        {
            return (Strict(charset.ToString()) ?? Encoding.UTF8).GetBytes(text);
        }
        catch (ArgumentException)
        {
            return Encoding.UTF8.GetBytes(text);
        }
    }

    private static Encoding? Strict(string charset)
    {
        try
        {
            return CodePagesEncodingProvider.Instance.GetEncoding(charset, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback)
                ?? Encoding.GetEncoding(charset, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback);
        }
        catch (Exception unknown) when (unknown is ArgumentException or NotSupportedException)
        {
            return null; // a charset that nobody here knows, or that the runtime refuses (UTF-7): the bytes are kept as they are
        }
    }
}
