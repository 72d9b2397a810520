namespace Headgate.Benchmarks;

internal static class GrantLateness
{
    public static Task<int> RunAsync(string[] args) => Task.FromResult(1);
}
