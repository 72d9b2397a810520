using System.IO.Compression;
using Headgate.Retries;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Headgate.App.Service;

/// <summary>
/// <c>POST /api/v1/requests:import</c>: any number of requests, one a line, each with a verdict on a line of the answer, which comes while they
/// are still being sent. Memory does not grow with their number.
/// </summary>
internal sealed class ImportPage(ServiceState state)
{
    public const string Path = "/api/v1/requests:import";

    public void Map(IEndpointRouteBuilder site) => site.MapPost(Path, ImportAsync);

    private async Task ImportAsync(HttpContext context)
    {
        var body = await WithoutMarkAsync(BodyOf(context.Request), context.RequestAborted);
        Unbound(context.Features);
        // Most clients read nothing before they have sent everything: their verdicts wait aside, instead of both waiting for each other.
        using var verdicts = new SpillBuffer();
        using var import = new LineImport(context, state, body, verdicts);
        await import.BeginAsync();
        (context.Response.StatusCode, context.Response.ContentType) = (StatusCodes.Status202Accepted, "application/x-ndjson");
        var sending = SendAsync(context, verdicts);
        try
        {
            await import.RunAsync();
        }
        finally
        {
            verdicts.Complete();
            await sending;
        }
    }

    /// <summary>It may be as large, and as slow, as its caller likes.</summary>
    private static void Unbound(IFeatureCollection features)
    {
        if (features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = null;
        if (features.Get<IHttpMinRequestBodyDataRateFeature>() is { } sent)
            sent.MinDataRate = null;
        if (features.Get<IHttpMinResponseDataRateFeature>() is { } read)
            read.MinDataRate = null;
    }

    private static async Task SendAsync(HttpContext context, SpillBuffer verdicts)
    {
        try
        {
            while (await verdicts.TakeAsync(context.RequestAborted) is { IsEmpty: false } piece)
                await context.Response.Body.WriteAsync(piece, context.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            // Nobody reads them any more; what was accepted is.
        }
    }

    /// <summary>A body without the mark that some editors begin UTF-8 with.</summary>
    private static async Task<Stream> WithoutMarkAsync(Stream body, CancellationToken cancellation)
    {
        var first = new byte[3];
        try
        {
            var count = await body.ReadAtLeastAsync(first, first.Length, throwOnEndOfStream: false, cancellation);
            return first is [0xEF, 0xBB, 0xBF] ? body : new PrefixedStream(first.AsMemory(0, count), body);
        }
        catch (InvalidDataException damaged)
        {
            throw new Problem(StatusCodes.Status400BadRequest, $"the body is damaged: {damaged.Message}");
        }
    }

    private static Stream BodyOf(HttpRequest request)
    {
        if (request.ContentType?.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase) == true)
            throw new Problem(StatusCodes.Status415UnsupportedMediaType, "the body is lines of JSON, application/x-ndjson, not a form");
        if (request.Headers.ContentEncoding.ToString() is not { Length: > 0 } encoding || encoding.Equals("identity", StringComparison.OrdinalIgnoreCase))
            return request.Body;
        return encoding.Equals("gzip", StringComparison.OrdinalIgnoreCase) ? new GZipStream(request.Body, CompressionMode.Decompress)
            : throw new Problem(StatusCodes.Status415UnsupportedMediaType, "the body may be packed with gzip only") { AcceptEncoding = "gzip" };
    }
}
