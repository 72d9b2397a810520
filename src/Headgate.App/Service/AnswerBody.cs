using System.Buffers;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Headgate.App.Service;

/// <summary>
/// The body of an answer on its way to a caller, and the trailers after it. The server here has none for HTTP/1.1: where a caller says that it takes them
/// (<c>TE: trailers</c>, RFC 9110 §6.5.1) and the answer may have some, its chunks are written here (RFC 9112 §7.1).
/// </summary>
internal sealed class AnswerBody
{
    private readonly HttpResponse _response;
    private readonly bool _writesChunks;

    /// <param name="context">The call, of whose answer nothing has been sent.</param>
    /// <param name="answer">What the API has answered.</param>
    /// <param name="hasBody">Whether a body of it is passed on.</param>
    public AnswerBody(HttpContext context, HttpResponseMessage answer, bool hasBody)
    {
        _response = context.Response;
        _writesChunks = hasBody && HttpProtocol.IsHttp11(context.Request.Protocol) && !_response.SupportsTrailers()
            && answer.Content.Headers.ContentLength is null && TakesTrailers(context.Request);
        if (!_writesChunks)
            return;
        _response.Headers.TransferEncoding = "chunked";
        if (answer.Headers.NonValidated.TryGetValues("Trailer", out var announced))
            _response.Headers.Trailer = GatewayRequest.Cleared(announced.ToString());
    }

    /// <summary>Writes a piece of it, which is not empty, and sends it.</summary>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> piece, CancellationToken gone)
    {
        var output = _response.BodyWriter;
        if (_writesChunks)
            output.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{piece.Length:x}\r\n")));
        output.Write(piece.Span);
        if (_writesChunks)
            output.Write("\r\n"u8);
        await output.FlushAsync(gone);
        gone.ThrowIfCancellationRequested();
    }

    /// <summary>Ends it.</summary>
    /// <param name="trailers">Those of the answer.</param>
    /// <param name="gone">The caller has gone.</param>
    public async ValueTask EndAsync(HttpResponseHeaders trailers, CancellationToken gone)
    {
        var passed = trailers.NonValidated.Where(trailer => GatewayRequest.MayTrail(trailer.Key));
        if (_writesChunks)
        {
            var end = new StringBuilder("0\r\n");
            foreach (var (name, values) in passed)
                foreach (var value in values)
                    end.Append(name).Append(": ").Append(GatewayRequest.Cleared(value)).Append("\r\n");
            _response.BodyWriter.Write(Encoding.Latin1.GetBytes(end.Append("\r\n").ToString()));
            await _response.BodyWriter.FlushAsync(gone);
        }
        else if (_response.SupportsTrailers())
            foreach (var (name, values) in passed)
                _response.AppendTrailer(name, GatewayRequest.Cleared(values.ToString()));
    }

    private static bool TakesTrailers(HttpRequest call) =>
        call.Headers.TE.Any(te => te?.Split(',', StringSplitOptions.TrimEntries).Contains("trailers", StringComparer.OrdinalIgnoreCase) == true);
}
