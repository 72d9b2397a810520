using System.Text;

namespace Headgate.Jobs;

/// <summary>The answer that a job ended with: that of its last attempt.</summary>
/// <remarks>Safe to read from many threads once it is complete.</remarks>
public sealed class JobResult
{
    /// <summary>The status code, 100 to 599.</summary>
    public required int StatusCode { get; init; }

    /// <summary>The headers as they came, those of the body among them; a name may have several values.</summary>
    public JobFields Headers { get; init; } = JobFields.Received();

    /// <summary>The bytes of the body, after any transfer and content coding; empty when there was none or <see cref="ContentFile"/> has it.</summary>
    public ReadOnlyMemory<byte> Content { get; init; }

    /// <summary>The path of the file that has the body; null when it is in <see cref="Content"/>.</summary>
    public string? ContentFile { get; init; }

    /// <summary>How long the last attempt took, from its first byte sent to its last byte received.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>
    /// The body as text where its charset (of <c>content-type</c>; UTF-8 by default) decodes it without loss, else null.
    /// Decoded anew at each call.
    /// </summary>
    public string? Text => ContentText.TryDecode(ContentText.CharsetOf(Headers["content-type"]), Content.Span, out var text)
        ? text ?? Encoding.UTF8.GetString(Content.Span)
        : null;
}
