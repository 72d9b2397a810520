using System.Text;
using Headgate.App.CommandLine;
using Headgate.App.Service;
using Headgate.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Headgate.App.Security;

/// <summary>The tokens of the data directory over HTTP, for administrators: look, add, remove.</summary>
internal static class TokenPages
{
    public static void Map(IEndpointRouteBuilder site, TokenStore store, AuditLog audit)
    {
        site.MapGet("/api/v1/tokens", context => ShowAsync(context, store));
        site.MapPost("/api/v1/tokens", context => AddAsync(context, store, audit));
        site.MapDelete("/api/v1/tokens/{name}", context => RemoveAsync(context, store, audit));
    }

    private static Task ShowAsync(HttpContext context, TokenStore store)
    {
        var tokens = store.Read();
        return Json.AnswerAsync(context, StatusCodes.Status200OK, json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("tokens");
            foreach (var token in tokens)
                TokenFile.Write(json, token);
            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private static async Task AddAsync(HttpContext context, TokenStore store, AuditLog audit)
    {
        // Whoever needs none could make one here, and everybody else would be shut out.
        if (Caller.Of(context).Name is null)
            throw new Problem(StatusCodes.Status403Forbidden, "the first token is made on the service's own machine: headgate tokens add NAME --scope admin");
        var asked = Read(await CallBody.BytesAsync(context));
        var (text, kept) = await ChangeAsync(() => store.AddAsync(asked.Name, asked.Scopes, asked.Tenant, asked.Expires));
        audit.Write(context, "token.add", kept.Name, TokenFile.Described(kept));
        context.Response.Headers.CacheControl = "no-store";
        await Json.AnswerAsync(context, StatusCodes.Status201Created, json =>
        {
            json.WriteStartObject();
            json.WriteString("name", kept.Name);
            json.WriteString("token", text);
            json.WriteEndObject();
        });
    }

    private static async Task RemoveAsync(HttpContext context, TokenStore store, AuditLog audit)
    {
        var name = (string)context.Request.RouteValues["name"]!;
        if (!store.Read().Any(token => token.Name == name))
            throw new Problem(StatusCodes.Status404NotFound, "no token of this name is kept in the data directory");
        await ChangeAsync(() => store.RemoveAsync(name));
        audit.Write(context, "token.remove", name);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static async Task<T> ChangeAsync<T>(Func<Task<T>> change)
    {
        try
        {
            return await change();
        }
        catch (CommandException refused)
        {
            throw new Problem(StatusCodes.Status400BadRequest, refused.Message);
        }
    }

    private static TokenConfiguration Read(ReadOnlyMemory<byte> body)
    {
        var errors = new List<ConfigurationError>();
        var token = (TokenConfiguration?)null;
        if (ConfigurationParser.ReadText(Encoding.UTF8.GetString(body.Span), "", ValueOrigin.Default, errors) is { } root)
        {
            AccessSettings.Token.Asked.Check(root, errors);
            token = AccessBinder.BindToken(root, root.Member(AccessSettings.Token.Name.Name)?.Text ?? "", "");
        }
        return errors.Count == 0
            ? token!
            : throw new Problem(StatusCodes.Status400BadRequest, string.Join("; ", errors.Select(error => error.Pointer.Length > 0 ? $"{error.Pointer[1..]}: {error.Message}" : error.Message)));
    }
}
