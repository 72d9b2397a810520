using System.Text.Json;
using Headgate.Ledgers;
using Headgate.Queues;
using Microsoft.AspNetCore.Http;

namespace Headgate.App.Service;

/// <summary>Why a call was refused. Told as RFC 9457 says, with <c>error</c> as the original service has it.</summary>
internal sealed class Problem(int status, string error) : Exception(error)
{
    public int Status => status;

    /// <summary>More than the error says, which others compare letter by letter; null for nothing.</summary>
    public string? Detail { get; init; }

    /// <summary>When the same may go well, in seconds; null if nobody knows.</summary>
    public int? RetryAfter { get; init; }

    /// <summary>The methods that would do; null where that is not the matter.</summary>
    public string? Allow { get; init; }

    /// <summary>By what a caller shows who it is (<c>WWW-Authenticate</c>); null where that is not the matter.</summary>
    public string? Challenge { get; init; }

    /// <summary>How a body may be packed; null where that is not the matter.</summary>
    public string? AcceptEncoding { get; init; }

    /// <summary>The class of the failure of a job; null where there is none.</summary>
    public FailureClass Class { get; init; }

    /// <summary>What else the headers of the answer say.</summary>
    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    /// <summary>What a caller is told of a failure; nothing of the inside.</summary>
    public static Problem Of(Exception failure) => failure switch
    {
        Problem problem => problem,
        JobStoreException { IsFull: true } => new Problem(StatusCodes.Status507InsufficientStorage, "the disk of the service is full: nothing was accepted") { RetryAfter = 5 },
        JobStoreException => new Problem(StatusCodes.Status503ServiceUnavailable, "jobs cannot be kept or read at the moment") { RetryAfter = 1 },
        HeadgateException wrong => new Problem(StatusCodes.Status400BadRequest, wrong.Message) { Class = wrong.FailureClass },
        LedgerException => new Problem(StatusCodes.Status503ServiceUnavailable, "what is sent cannot be recorded at the moment, so nothing is") { RetryAfter = 5 },
        ScopeHeldException => new Problem(StatusCodes.Status503ServiceUnavailable, "another process sends within the same limits at the moment, so nothing is sent") { RetryAfter = 5 },
        BadHttpRequestException bad => new Problem(bad.StatusCode, bad.Message),
        _ => new Problem(StatusCodes.Status500InternalServerError, "Internal server error"),
    };

    /// <summary>Writes it as the answer.</summary>
    public async Task WriteAsync(HttpContext context)
    {
        var response = context.Response;
        response.Clear();
        (response.StatusCode, response.ContentType) = (status, "application/problem+json");
        if (RetryAfter is { } seconds)
            response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (Allow is not null)
            response.Headers.Allow = Allow;
        if (Challenge is not null)
            response.Headers.WWWAuthenticate = Challenge;
        if (AcceptEncoding is not null)
            response.Headers.AcceptEncoding = AcceptEncoding;
        foreach (var (name, value) in Headers)
            response.Headers[name] = value;
        await Json.WriteAsync(response, Write);
    }

    /// <summary>Writes it as an object.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type", "about:blank");
        json.WriteString("title", Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status));
        json.WriteNumber("status", status);
        json.WriteString("detail", Detail ?? Message);
        json.WriteString("error", Message);
        if (Class != FailureClass.None)
            json.WriteString("class", Headgate.Jobs.WireNames.Of(Class));
        json.WriteEndObject();
    }
}
