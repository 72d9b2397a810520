using System.Text;

namespace Headgate.Jobs;

/// <summary>Makes of a request what is sent.</summary>
internal static class JobMessage
{
    private static readonly FileStreamOptions BodyFileOptions = new()
    {
        BufferSize = 64 * 1024,
        Options = FileOptions.Asynchronous | FileOptions.SequentialScan,
    };

    /// <summary>The URL with the parameters in its query, percent-encoded.</summary>
    /// <exception cref="ArgumentException">Together they are too long for a URL.</exception>
    public static Uri Target(JobRequest request)
    {
        if (!request.HasParams)
            return request.ParsedUrl;
        var url = request.Url;
        var fragment = url.IndexOf('#');
        var text = new StringBuilder(fragment < 0 ? url : url[..fragment]);
        var separator = !url.AsSpan(0, text.Length).Contains('?') ? '?' : text[^1] is '?' or '&' ? '\0' : '&';
        foreach (var (name, value) in request.Params)
        {
            if (separator != '\0')
                text.Append(separator);
            text.Append(Uri.EscapeDataString(name)).Append('=').Append(Uri.EscapeDataString(value));
            separator = '&';
        }
        if (text.Length > RequestRules.MaxUrl)
            throw new ArgumentException($"url and params are longer than {RequestRules.MaxUrl / 1024} KiB together");
        return RequestRules.CheckUrl(text.ToString());
    }

    /// <summary>
    /// A new message, with its body open. Each attempt needs its own. The headers are those of the request, unaltered; the caller
    /// adds credentials.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="sign">Completes what is sent at each attempt; null for nothing.</param>
    /// <exception cref="IOException">The <c>body_file</c> cannot be read (any more).</exception>
    /// <exception cref="UnauthorizedAccessException">The <c>body_file</c> may not be read.</exception>
    public static HttpRequestMessage ToMessage(this JobRequest request, Action<HttpRequestMessage>? sign = null)
    {
        var method = new HttpMethod(request.Method);
        var message = sign is null ? new HttpRequestMessage(method, Target(request)) : new SignedMessage(method, Target(request), sign);
        message.Content = ContentOf(request);
        if (request.HasHeaders)
            foreach (var (name, value) in request.Headers)
                AddHeader(message, name, value);
        if (!request.RawData.IsEmpty && !message.Content!.Headers.NonValidated.Contains("Content-Type"))
            message.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        if (request.IdempotencyKey is { } key && !message.Headers.NonValidated.Contains("Idempotency-Key"))
            message.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        return message;
    }

    /// <summary>As <see cref="ToMessage"/>, for whoever tells failures by their class.</summary>
    /// <param name="request">The request.</param>
    /// <param name="sign">Completes what is sent at each attempt; null for nothing.</param>
    /// <exception cref="HeadgateException">It cannot be sent: its URL is too long, or its body cannot be read.</exception>
    public static HttpRequestMessage Of(JobRequest request, Action<HttpRequestMessage>? sign = null)
    {
        try
        {
            return request.ToMessage(sign);
        }
        catch (Exception failure) when (failure is ArgumentException or IOException or UnauthorizedAccessException)
        {
            throw new HeadgateException(FailureClass.Invalid, failure.Message, failure);
        }
    }

    private static void AddHeader(HttpRequestMessage message, string name, string value)
    {
        if (message.Headers.TryAddWithoutValidation(name, value))
            return;
        // A header that describes a body (Content-Type on a GET): HttpClient sends it only with a body, be it an empty one.
        message.Content ??= new ByteArrayContent([]);
        message.Content.Headers.TryAddWithoutValidation(name, value);
    }

    private static HttpContent? ContentOf(JobRequest request)
    {
        if (request.BodyFile is { } path)
            return new StreamContent(new FileStream(path, BodyFileOptions));
        if (!request.RawData.IsEmpty)
            return FormBody.IsAskedFor(request) ? new ByteArrayContent(FormBody.Encode(request.RawData.Span)) : new ReadOnlyMemoryContent(request.RawData);
        return request.Body is { } body ? new ReadOnlyMemoryContent(body) : null;
    }
}
